import type { Client, ClientOptions } from 'graphql-ws'
import type { TypedDocumentString } from '../gql/graphql'
import { backOffMs } from './back-off'
import { errorOfCode, type ApiError } from './errors'
import { readLooking } from './looking'

/**
 * connecting: on the way to the first answer
 * open:       connected
 * waiting:    the connection broke; it is tried again after a while
 * refused:    the server says no: it would say the same again
 */
export type LinkState =
  | { phase: 'connecting' }
  | { phase: 'open' }
  | { phase: 'waiting'; tries: number; untilMs: number }
  | { phase: 'refused'; error: ApiError }

type Options<Result, Variables> = {
  /** Asked anew for each connection: whoever follows says where to go on from. */
  variables: () => Variables
  onPage: (page: Result) => void
  onState?: (state: LinkState) => void
}

/**
 * Follows a subscription until it is told to stop. When the connection breaks it is made again, later and later, and
 * goes on from where `variables` says then: nothing that is remembered here could be out of step with the caller.
 */
export function follow<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  options: Options<Result, Variables>,
): () => void {
  const run = new Run(document.toString(), options as Options<unknown, unknown>)
  run.connect()
  return () => run.stop()
}

/** Half of the time that a question to the server takes, there and back; undefined until it was measured. */
export const oneWayMs = (): number | undefined => link.oneWayMs

class Run {
  private tries = 0
  private isStopped = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private unsubscribe: (() => void) | undefined

  constructor(
    private readonly query: string,
    private readonly options: Options<unknown, unknown>,
  ) {}

  connect(): void {
    window.removeEventListener('online', this.connectNow)
    this.tell({ phase: 'connecting' })
    void link.client().then(
      (client) => this.subscribe(client),
      () => this.again(),
    )
  }

  stop(): void {
    this.isStopped = true
    clearTimeout(this.timer)
    window.removeEventListener('online', this.connectNow)
    this.unsubscribe?.()
  }

  private subscribe(client: Client): void {
    if (this.isStopped) return
    let isOver = false
    const end = (then: () => void) => {
      if (isOver || this.isStopped) return
      isOver = true
      offConnected()
      then()
    }
    const offConnected = client.on('connected', () => this.tell({ phase: 'open' }))
    const operationName = /subscription\s+(\w+)/.exec(this.query)?.[1]
    const variables = this.options.variables() as Record<string, unknown>
    const stop = client.subscribe<unknown>(
      { query: this.query, operationName, variables },
      {
        next: ({ data, errors }) => {
          if (isOver || this.isStopped) return
          if (errors || data == null) return end(() => this.onErrors(errors))
          this.tries = 0
          this.tell({ phase: 'open' })
          this.options.onPage(data)
        },
        error: (thrown) => end(() => (Array.isArray(thrown) ? this.onErrors(thrown) : this.again())),
        complete: () => end(() => this.again()),
      },
    )
    this.unsubscribe = () => {
      isOver = true
      offConnected()
      stop()
    }
    // Another subscription may hold the connection open: then nobody says "connected" again.
    if (link.isOpen) this.tell({ phase: 'open' })
  }

  private onErrors(errors: unknown): void {
    const [first] = (errors ?? []) as { message?: string; extensions?: { code?: string } }[]
    const error = errorOfCode(first?.extensions?.code, first?.message)
    // The server's own trouble, and too many at once, pass.
    if (error.problem === 'server' || error.problem === 'too-many' || error.problem === 'unreachable') this.again()
    else this.tell({ phase: 'refused', error })
  }

  private again(): void {
    this.unsubscribe = undefined
    const waitMs = backOffMs(this.tries)
    this.tries += 1
    this.tell({ phase: 'waiting', tries: this.tries, untilMs: Date.now() + waitMs })
    this.timer = setTimeout(this.connectNow, waitMs)
    window.addEventListener('online', this.connectNow)
  }

  private readonly connectNow = () => {
    clearTimeout(this.timer)
    if (!this.isStopped) this.connect()
  }

  private tell(state: LinkState): void {
    if (!this.isStopped) this.options.onState?.(state)
  }
}

/** A connection that says nothing for so long is asked whether it is there, and given up if it does not answer. */
const askEveryMs = 10_000
const answersWithinMs = 8_000

/** The one connection that all subscriptions of a page share. It is there while there is one. */
class Link {
  isOpen = false
  oneWayMs: number | undefined
  private made: Promise<Client> | undefined
  private askedAt = 0
  private silence: ReturnType<typeof setTimeout> | undefined

  client(): Promise<Client> {
    this.made ??= import('graphql-ws').then(({ createClient }) => {
      const client: Client & { terminate: () => void } = createClient({ ...this.options, on: this.listeners(() => client) })
      return client
    })
    // What could not be loaded is loaded again.
    this.made.catch(() => (this.made = undefined))
    return this.made
  }

  private readonly options = {
    url: () => new URL('/graphql', window.location.href.replace(/^http/, 'ws')).href,
    // Browsers cannot set headers here.
    connectionParams: () => {
      const { reason } = readLooking()
      return reason ? { reason } : {}
    },
    lazyCloseTimeout: 2_000,
    keepAlive: askEveryMs,
    // Each subscription knows itself where to go on, and comes back by itself.
    retryAttempts: 0,
  } satisfies ClientOptions

  private listeners(client: () => { terminate: () => void }): ClientOptions['on'] {
    return {
      connected: () => {
        this.isOpen = true
      },
      closed: () => {
        this.isOpen = false
        clearTimeout(this.silence)
      },
      ping: (isReceived) => {
        if (isReceived) return
        this.askedAt = performance.now()
        this.silence = setTimeout(() => client().terminate(), answersWithinMs)
      },
      pong: (isReceived) => {
        if (!isReceived) return
        clearTimeout(this.silence)
        this.oneWayMs = (performance.now() - this.askedAt) / 2
      },
    }
  }
}

const link = new Link()
