import type { Comment } from '../review/use-comments'
import { hiddenName, inForce } from '../redaction/hidden'
import type { Clip } from '../video/use-media'
import type { Gap, PlayedSession } from './use-session'

/** Something that stands on the bar: at a time, or from one to another. */
export type Mark = {
  readonly kind: 'comment' | 'marker' | 'message' | 'change'
  readonly atMs: number
  readonly label: string
}
export type Span = { readonly kind: 'hidden' | 'gap'; readonly fromMs: number; readonly toMs: number; readonly label: string }

/** So long nothing is missing between clips: captures are slow. */
const gapMs = 5_000

export function marksOf(session: PlayedSession, comments: readonly Comment[]): Mark[] {
  const points = (kind: Mark['kind'], of: readonly { offsetMs: number; label: string }[]) =>
    of.map(({ offsetMs, label }) => ({ kind, atMs: offsetMs, label }))
  const said = comments.flatMap(({ offsetMs, by, text }) =>
    offsetMs === null ? [] : [{ kind: 'comment' as const, atMs: offsetMs, label: `${by}: ${text}` }],
  )
  return [
    ...points('change', session.changes),
    ...points('message', session.messages),
    ...points('marker', session.markers),
    ...said,
  ]
}

export function spansOf(
  session: PlayedSession,
  clips: readonly Pick<Clip, 'startMs' | 'endMs'>[],
  gaps: readonly Gap[],
): Span[] {
  const hidden = inForce(session.redactions).map((redaction) => ({
    kind: 'hidden' as const,
    fromMs: redaction.fromMs,
    toMs: redaction.toMs,
    label: `Hidden: ${hiddenName(redaction)}`,
  }))
  const missing = gaps.map(({ fromMs, toMs, channel, reason }) => ({
    kind: 'gap' as const,
    fromMs,
    toMs: toMs ?? session.durationMs,
    label: `Missing${channel ? ` (${channel})` : ''}: ${reason}`,
  }))
  return [...gapsOf(clips, session.durationMs), ...missing, ...hidden]
}

/** Where there is no footage: before the first clip, between two of them, behind the last. */
function gapsOf(clips: readonly Pick<Clip, 'startMs' | 'endMs'>[], durationMs: number): Span[] {
  if (clips.length === 0) return []
  const ends = [0, ...clips.map(({ endMs }) => endMs)]
  const starts = [...clips.map(({ startMs }) => startMs), durationMs]
  return ends.flatMap((fromMs, index) => {
    const toMs = starts[index] ?? durationMs
    return toMs - fromMs > gapMs ? [{ kind: 'gap' as const, fromMs, toMs, label: 'No footage' }] : []
  })
}

/** What to say of a place on the bar: the mark that is nearest, within some milliseconds, else the span around it. */
export function labelAt(marks: readonly Mark[], spans: readonly Span[], atMs: number, nearMs: number): string | undefined {
  const near = marks.filter((mark) => mark.kind !== 'change' && Math.abs(mark.atMs - atMs) <= nearMs)
  const nearest = near.toSorted((a, b) => Math.abs(a.atMs - atMs) - Math.abs(b.atMs - atMs))[0]
  return nearest?.label ?? spans.find(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs)?.label
}
