import { LiveEventsDocument } from '../../gql/graphql'
import { fetchAsOf } from '../../lib/api'
import { toApiError, type ApiError } from '../../lib/errors'
import { follow, oneWayMs, type LinkState } from '../../lib/follow'
import { paths } from '../../lib/paths'
import { parseCast, type Cast } from '../player/cast'
import type { PlaybackStore } from '../player/playback-store'
import { defaultIdleLimitMs } from '../player/timeline'
import type { PlayedSession } from '../player/use-session'
import { castTypes, LiveCast, type LiveEvent } from './live-cast'
import { LiveDelay, LiveEdge } from './live-edge'

/** What is asked of the recorder, and what becomes of the session. */
const controlTypes = [
  'session.terminate_requested',
  'session.message_sent',
  'session.policy_set',
  'session.control_answered',
  'config.changed',
]
const otherTypes = ['session.ended', 'session.idle_warned', 'redaction.added', 'redaction.lifted']
const types = [...castTypes, ...controlTypes, ...otherTypes]

/** The end moves on so often while nothing happens. */
const moveEveryMs = 250
/** What is hidden is drawn by the server: the recording is fetched anew, and not more often than this. */
const redrawEveryMs = 3_000

export type Watched = {
  readonly cast: Cast | undefined
  readonly eventTimes: readonly number[]
  readonly link: LinkState
  /** How long after it happened the last thing was shown. */
  readonly delayMs: number | undefined
  readonly hasEnded: boolean
  /** The person was told that the session ends for inactivity at this offset, and has not typed since. */
  readonly endsAtMs: number | undefined
  readonly lastKeyMs: number | undefined
  /** The recording could not be had. */
  readonly error: ApiError | undefined
}

type Listeners = { onControl: () => void; onEnded: () => void }

const nothing: Watched = {
  cast: undefined,
  eventTimes: [],
  link: { phase: 'connecting' },
  delayMs: undefined,
  hasEnded: false,
  endsAtMs: undefined,
  lastKeyMs: undefined,
  error: undefined,
}

/** Watches a terminal session that goes on: what there is so far, then each event as it is appended, none twice. */
export class LiveWatch {
  private watched = nothing
  private readonly listeners = new Set<() => void>()
  private readonly edge = new LiveEdge()
  private readonly delay = new LiveDelay()
  private live: LiveCast | undefined
  private stopFollowing: (() => void) | undefined
  private timer: ReturnType<typeof setInterval> | undefined
  private redraw: ReturnType<typeof setTimeout> | undefined
  private loading: AbortController | undefined

  constructor(
    private readonly session: Pick<PlayedSession, 'id' | 'startedAt' | 'asciicastUrl' | 'recording'>,
    private readonly store: PlaybackStore,
    /** Whether it opens at its end, and not at a moment that was linked to. */
    private readonly opensAtEnd: boolean,
    private readonly tell: Listeners,
  ) {}

  readonly get = (): Watched => this.watched

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  start(): () => void {
    void this.load()
    this.timer = setInterval(() => this.move(), moveEveryMs)
    return () => {
      clearInterval(this.timer)
      clearTimeout(this.redraw)
      this.loading?.abort()
      this.stopFollowing?.()
    }
  }

  readonly retry = (): void => {
    this.change({ error: undefined })
    void this.load()
  }

  /** What there is so far. Also once more, where what is hidden has changed. */
  private async load(): Promise<void> {
    this.loading?.abort()
    const loading = new AbortController()
    this.loading = loading
    try {
      const url = paths.asciicast(this.session.asciicastUrl ?? '', 2)
      const { text, logSize } = await fetchAsOf(url, loading.signal)
      this.begin(parseCast(text), logSize)
    } catch (thrown) {
      if (loading.signal.aborted) return
      this.change({ error: toApiError(thrown) })
      if (!this.live) this.store.send({ type: 'failed' })
    }
  }

  private begin(cast: Cast, logSize: string | null): void {
    const isFirst = this.live === undefined
    const after = logSize === null || logSize === '0' ? null : String(BigInt(logSize) - 1n)
    const idleLimitMs = this.session.recording?.idleLimitMs ?? defaultIdleLimitMs
    this.live = new LiveCast(cast, after, this.session.startedAt, idleLimitMs)
    this.edge.reached(cast.durationMs)
    this.change({ cast, eventTimes: this.live.visibleMs, lastKeyMs: this.live.lastKeyMs })
    this.move()
    if (isFirst && this.opensAtEnd) this.store.send({ type: 'follow' })
    this.stopFollowing?.()
    this.stopFollowing = follow(LiveEventsDocument, {
      variables: () => ({ session: this.session.id, types, after: this.live?.after ?? null }),
      onPage: ({ events }) => this.take(events.nodes, events.readTo),
      onState: (link) => this.change({ link }),
    })
  }

  private take(nodes: readonly LiveEvent[], readTo: string | null): void {
    const { live } = this
    if (!live) return
    const fresh = live.take(nodes, readTo)
    const last = fresh.at(-1)
    if (!last) return
    this.edge.reached(live.cast.durationMs)
    const delayMs = this.delay.of({
      atMs: Date.parse(last.at),
      recordedMs: Date.parse(last.recordedAt),
      arrivedMs: Date.now(),
      oneWayMs: oneWayMs() ?? 0,
    })
    this.change({ delayMs, lastKeyMs: live.lastKeyMs, ...this.warning(fresh, live) })
    if (fresh.some(looksOther)) this.redrawSoon()
    if (fresh.some(({ type }) => controlTypes.includes(type))) this.tell.onControl()
    if (fresh.some(({ type }) => type === 'session.ended')) this.end(live, fresh)
    else this.move()
  }

  private warning(fresh: readonly LiveEvent[], live: LiveCast): Pick<Watched, 'endsAtMs'> {
    const warned = fresh.findLast(({ type }) => type === 'session.idle_warned')
    const { endsAtMs } = this.watched
    if (warned) {
      const { endsInS } = (warned.data ?? {}) as { endsInS?: number }
      return { endsAtMs: live.offsetMs(warned.at) + Number(endsInS ?? 0) * 1000 }
    }
    // A key continues the session.
    return { endsAtMs: fresh.some(({ type }) => type === 'keys.typed') ? undefined : endsAtMs }
  }

  private end(live: LiveCast, fresh: readonly LiveEvent[]): void {
    clearInterval(this.timer)
    this.stopFollowing?.()
    const ended = fresh.findLast(({ type }) => type === 'session.ended')
    const durationMs = Math.max(live.cast.durationMs, ended ? live.offsetMs(ended.at) : 0)
    live.cast.durationMs = durationMs
    this.store.send({ type: 'loaded', durationMs, idles: live.idles })
    this.change({ hasEnded: true, endsAtMs: undefined })
    this.tell.onEnded()
  }

  private redrawSoon(): void {
    this.redraw ??= setTimeout(() => {
      this.redraw = undefined
      void this.load()
    }, redrawEveryMs)
  }

  /** The end has moved on. */
  private move(): void {
    if (!this.live || this.watched.hasEnded) return
    // Of what is not heard of any more, nobody knows whether it goes on.
    const isHeard = this.watched.link.phase === 'open' || this.watched.link.phase === 'connecting'
    const durationMs = isHeard ? Math.max(this.edge.now(), this.live.cast.durationMs) : this.store.get().durationMs
    this.store.send({ type: 'loaded', durationMs, idles: this.live.idles, isGrowing: true })
  }

  private change(changed: Partial<Watched>): void {
    this.watched = { ...this.watched, ...changed }
    for (const listener of this.listeners) listener()
  }
}

/** Whether what was drawn is not what would be drawn now. */
function looksOther({ type, redacted }: LiveEvent): boolean {
  return type === 'redaction.added' || type === 'redaction.lifted' || (redacted && type === 'terminal.written')
}
