import type { LiveEventsSubscription } from '../../gql/graphql'
import { microsOf } from '../../lib/time'
import type { Cast, CastEvent } from '../player/cast'
import { idleStretches, type Idle } from '../player/timeline'

export type LiveEvent = LiveEventsSubscription['events']['nodes'][number]

/** What is drawn, and what makes a recording look other than it was drawn. */
export const castTypes = ['terminal.written', 'terminal.resized', 'keys.typed', 'marker.set'] as const

/** A recording that grows. Whatever comes twice is taken once, whatever the order of the clocks of several recorders. */
export class LiveCast {
  /** When something can be seen to happen: what "previous" and "next event" step through. */
  readonly visibleMs: number[]
  /** When a key was pressed last. */
  lastKeyMs: number | undefined
  idles: readonly Idle[]
  private readonly startedUs: number

  /** `after` is the position up to which the recording goes. */
  constructor(
    readonly cast: Cast,
    public after: string | null,
    startedAt: string,
    private readonly idleLimitMs: number,
  ) {
    this.startedUs = microsOf(startedAt)
    const times = cast.events.map(([atMs]) => atMs)
    // What is idle now may not be in a moment: the last stretch ends with what comes next.
    this.idles = idleStretches(times, cast.durationMs, idleLimitMs)
    this.visibleMs = []
    for (const event of cast.events) this.note(event)
  }

  /** Takes a page in. Answers the events of it that had not been taken. */
  take(nodes: readonly LiveEvent[], readTo: string | null): LiveEvent[] {
    const { after } = this
    const fresh = nodes.filter(({ position }) => after === null || BigInt(position) > BigInt(after))
    for (const event of fresh) {
      const entry = this.entryOf(event)
      if (entry) this.append(entry)
    }
    if (readTo !== null && (after === null || BigInt(readTo) > BigInt(after))) this.after = readTo
    return fresh
  }

  /** Where an event stands, in milliseconds from the start. */
  offsetMs(at: string): number {
    return Math.max(0, Math.floor((microsOf(at) - this.startedUs) / 1000))
  }

  private entryOf(event: LiveEvent): CastEvent | undefined {
    // Times never run backwards, as in the file of a recording.
    const atMs = Math.max(this.offsetMs(event.at), this.cast.durationMs)
    const data = (event.data ?? {}) as { text?: unknown; label?: unknown; columns?: unknown; rows?: unknown }
    switch (event.type) {
      case 'terminal.written':
        return [atMs, 'o', String(data.text ?? '')]
      case 'keys.typed':
        return [atMs, 'i', String(data.text ?? '')]
      case 'marker.set':
        return [atMs, 'm', String(data.label ?? '')]
      case 'terminal.resized':
        return [atMs, 'r', `${Number(data.columns)}x${Number(data.rows)}`]
      default:
        return undefined
    }
  }

  private append(entry: CastEvent): void {
    const [atMs] = entry
    const { cast } = this
    const lastMs = cast.events.length > 0 ? cast.durationMs : 0
    if (atMs - lastMs > this.idleLimitMs) {
      this.idles = [...this.idles, { fromMs: lastMs + this.idleLimitMs, toMs: atMs }]
    }
    cast.events.push(entry)
    cast.durationMs = atMs
    this.note(entry)
  }

  private note([atMs, code]: CastEvent): void {
    if (code === 'i') this.lastKeyMs = atMs
    else if (atMs !== this.visibleMs.at(-1)) this.visibleMs.push(atMs)
  }
}
