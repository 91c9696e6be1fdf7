import type { TypedDocumentString } from '../gql/graphql'
import { errorOfCode, errorOfStatus, toApiError, type ApiError } from './errors'
import { lookingHeaders } from './looking'
import { serverClock } from './server-clock'

// The server takes the cookie only together with this header, which another site cannot make a browser send.
const clientHeader = { 'X-Retrace-Client': 'web' }

type ErrorBody = { error?: { code?: string; message?: string } }
type GraphqlBody<T> = {
  data?: T | null
  errors?: { message: string; extensions?: Extensions }[]
}
/** `at` and `length` of a search text that cannot be understood; `found` and `expected` are its message in two parts. */
type Extensions = { code?: string; at?: number; length?: number; found?: string; expected?: string }

async function send(path: string, init: RequestInit): Promise<Response> {
  const askedMs = Date.now()
  try {
    const response = await fetch(path, {
      ...init,
      credentials: 'same-origin',
      headers: { ...clientHeader, ...lookingHeaders(), ...init.headers },
    })
    serverClock.heard(response.headers.get('Date'), askedMs, Date.now())
    if (response.ok) return response
    const body = (await response.json().catch(() => null)) as (ErrorBody & GraphqlBody<unknown>) | null
    const graphqlError = body?.errors?.[0]
    throw errorOfStatus(
      response.status,
      body?.error?.code ?? graphqlError?.extensions?.code,
      body?.error?.message ?? graphqlError?.message,
    )
  } catch (thrown) {
    // A cancelled request is not an error to show.
    if (init.signal?.aborted) throw thrown
    throw toApiError(thrown)
  }
}

function sendJson(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return send(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    signal,
  })
}

export async function graphql<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Result> {
  const query = document.toString()
  const operationName = /(?:query|mutation)\s+(\w+)/.exec(query)?.[1]
  const response = await sendJson('/graphql', { query, variables, operationName }, signal)
  const body = (await response.json()) as GraphqlBody<Result>
  const error = body.errors?.[0]
  if (error) throw errorOfGraphql(error.message, error.extensions)
  if (body.data == null) throw errorOfCode(undefined)
  return body.data
}

function errorOfGraphql(message: string, extensions: Extensions = {}): ApiError {
  const { code, at, length, found, expected } = extensions
  if (at === undefined || length === undefined) return errorOfCode(code, message)
  return errorOfCode(code, found && expected ? `${found}: expected ${expected}` : message, { at, length })
}

export async function fetchText(path: string, signal?: AbortSignal): Promise<string> {
  const response = await send(path, { signal })
  return response.text()
}

/** A text, and up to which size of the log it goes, where the server says so. */
export async function fetchAsOf(path: string, signal?: AbortSignal): Promise<{ text: string; logSize: string | null }> {
  const response = await send(path, { signal })
  return { text: await response.text(), logSize: response.headers.get('Retrace-Log-Size') }
}

/** A file as it comes. */
export function fetchStream(path: string, signal?: AbortSignal): Promise<Response> {
  return send(path, { signal })
}

/** Whether a file could be had: a browser does not tell why a video failed. Throws when it could not. */
export async function probeFile(path: string): Promise<void> {
  await send(path, { headers: { Range: 'bytes=0-0' } })
}

export type Who = {
  name: string
  /** The user whose sessions are their own. */
  user: string | null
  groups: string[]
  roles: string[]
  expiresAt: string | null
}

/** How people can sign in here. */
export type SignInWays = { token: boolean; oidc: { label: string } | null }

export async function readSignInWays(signal?: AbortSignal): Promise<SignInWays> {
  const response = await send('/v1/sign-in', { signal })
  return (await response.json()) as SignInWays
}

const webSessionPath = '/v1/web-session'

export async function readWho(signal?: AbortSignal): Promise<Who> {
  const response = await send(webSessionPath, { signal })
  return (await response.json()) as Who
}

export async function openWebSession(token: string): Promise<void> {
  await sendJson(webSessionPath, { token })
}

export async function closeWebSession(): Promise<void> {
  await send(webSessionPath, { method: 'DELETE' })
}
