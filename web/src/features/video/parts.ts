import type { Redaction } from '../redaction/hidden'
import { fileOf, type Source } from './source'

/** The spans in which the picture is hidden from whoever does not reveal it. What rules hide is in texts. */
export function hiddenPictures(redactions: readonly Redaction[], isRevealed: boolean): Redaction[] {
  if (isRevealed) return []
  return redactions.filter(({ liftedBy, rule, what }) => liftedBy === null && rule === null && what !== 'KEYS')
}

/**
 * What may be seen of a file, in parts that are files of their own: the server gives none that holds a hidden picture.
 * Behind a hidden span a part begins with the next full picture.
 */
export function partsOf(source: Source, hidden: readonly Redaction[], keyframesMs: readonly number[]): Source[] {
  const spans = hidden
    .filter(({ fromMs, toMs }) => fromMs <= source.endMs && toMs >= source.startMs)
    .toSorted((one, other) => one.fromMs - other.fromMs)
  if (spans.length === 0) return [source]
  const parts: Source[] = []
  let startMs: number | undefined = source.startMs
  let reachedMs = -Infinity
  for (const { fromMs, toMs } of spans) {
    if (startMs !== undefined && startMs < fromMs) parts.push(partOf(source, startMs, fromMs - 1))
    reachedMs = Math.max(reachedMs, toMs)
    const hiddenUntilMs = reachedMs
    startMs = keyframesMs.find((ms) => ms > hiddenUntilMs)
  }
  if (startMs !== undefined && startMs < source.endMs) parts.push(partOf(source, startMs, source.endMs))
  return parts
}

function partOf(source: Source, startMs: number, endMs: number): Source {
  // A keyframe stands somewhere in its millisecond: with the next one it is the last before.
  const from = startMs === source.startMs ? '' : `from_ms=${startMs + 1}&`
  return { url: `${fileOf(source.url)}?${from}until_ms=${endMs}`, startMs, endMs, isGrowing: false }
}

/** The part that a time lies in, else the one before it, whose last picture stays in view; else the first. */
export function partAt(parts: readonly Source[], atMs: number): Source | undefined {
  return parts.findLast(({ startMs }) => startMs <= atMs) ?? parts[0]
}
