/** What went wrong, by what the reader can do about it. */
export type Problem =
  | 'signed-out'
  | 'forbidden'
  | 'reason-required'
  | 'redacted'
  | 'not-found'
  | 'invalid'
  | 'too-many'
  | 'unreachable'
  | 'server'

/** A part of a text, in Unicode characters. Of length 0 where something is missing. */
export type Span = { at: number; length: number }

/** The only error the pages see. `message` is fit for a person to read. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly problem: Problem,
    message: string,
    /** The part of the question that is wrong. */
    readonly span?: Span,
  ) {
    super(message)
  }
}

const problemOfCode: Record<string, Problem> = {
  UNAUTHENTICATED: 'signed-out',
  FORBIDDEN: 'forbidden',
  REASON_REQUIRED: 'reason-required',
  REDACTED: 'redacted',
  NOT_FOUND: 'not-found',
  INVALID_ARGUMENT: 'invalid',
  INVALID_QUERY: 'invalid',
  RATE_LIMITED: 'too-many',
  TOO_MANY_REQUESTS: 'too-many',
}

function problemOfStatus(status: number): Problem {
  if (status === 401) return 'signed-out'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not-found'
  if (status === 429) return 'too-many'
  // A proxy in front of a stopped server answers with these.
  if (status >= 502 && status <= 504) return 'unreachable'
  return status >= 400 && status < 500 ? 'invalid' : 'server'
}

const words: Record<Problem, string> = {
  'signed-out': 'Your sign-in has ended. Sign in again to go on.',
  forbidden: 'Your token does not allow this. Ask an administrator for a token with the right to read it.',
  'reason-required': 'The policy wants a reason for this. Say why, then go on.',
  redacted: 'A part of what this shows is hidden. Look at other parts, or, with the right to, reveal it.',
  'not-found': 'This does not exist, or your token does not allow you to see it.',
  invalid: 'The server did not accept this request.',
  'too-many': 'Too many requests in a short time. Wait a moment, then try again.',
  unreachable: 'The server cannot be reached. Check your connection and that Retrace is running, then try again.',
  server: 'The server could not answer. Try again; if it happens again, look at the server’s log.',
}

/** Server messages are written for the caller of an invalid request; for all other problems our words help more. */
function describe(problem: Problem, serverMessage: string | undefined): string {
  if (problem !== 'invalid' || !serverMessage) return words[problem]
  const sentence = serverMessage.charAt(0).toUpperCase() + serverMessage.slice(1)
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}

export function errorOfCode(code: string | undefined, serverMessage?: string, span?: Span): ApiError {
  const problem = problemOfCode[code ?? ''] ?? 'server'
  return new ApiError(problem, describe(problem, serverMessage), span)
}

export function errorOfStatus(status: number, code?: string, serverMessage?: string): ApiError {
  const problem = problemOfCode[code ?? ''] ?? problemOfStatus(status)
  return new ApiError(problem, describe(problem, serverMessage))
}

/** The one translator: turns anything thrown into an `ApiError`. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  // `fetch` rejects with a TypeError when there is no connection, and only then.
  if (thrown instanceof TypeError) return new ApiError('unreachable', words.unreachable)
  return new ApiError('server', words.server)
}
