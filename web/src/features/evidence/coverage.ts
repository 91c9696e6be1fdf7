import type { EvidenceSession } from './use-evidence'

export type Stretch = { fromMs: number; toMs: number; what: 'recorded' | 'gap' | 'degraded' }
type Given = Pick<EvidenceSession, 'durationMs' | 'recordingGaps'>

/**
 * A session's time cut into stretches that were recorded, were not, or show less than they should. Where it is told
 * that the recording is worse from a moment on, and not until when, that is until the end.
 */
export function coverageOf({ durationMs, recordingGaps }: Given): { stretches: Stretch[]; recordedPercent: number } {
  const inside = (ms: number) => Math.min(Math.max(0, ms), durationMs)
  const gaps = recordingGaps.flatMap(({ fromMs, toMs }) => (toMs === null ? [] : [{ fromMs: inside(fromMs), toMs: inside(toMs) }]))
  const degradedFromMs = recordingGaps.reduce(
    (first, { fromMs, toMs }) => (toMs === null ? Math.min(first, inside(fromMs)) : first),
    durationMs,
  )
  const edges = [0, durationMs, degradedFromMs, ...gaps.flatMap(({ fromMs, toMs }) => [fromMs, toMs])]
  const sorted = [...new Set(edges)].toSorted((a, b) => a - b)
  const stretches: Stretch[] = []
  for (const [index, toMs] of sorted.entries()) {
    const fromMs = sorted[index - 1]
    if (fromMs === undefined || fromMs >= toMs) continue
    const isGap = gaps.some((gap) => gap.fromMs <= fromMs && toMs <= gap.toMs)
    const what = isGap ? 'gap' : fromMs >= degradedFromMs ? 'degraded' : 'recorded'
    const last = stretches.at(-1)
    if (last?.what === what) last.toMs = toMs
    else stretches.push({ fromMs, toMs, what })
  }
  const missingMs = stretches.reduce((sum, { fromMs, toMs, what }) => (what === 'gap' ? sum + toMs - fromMs : sum), 0)
  return { stretches, recordedPercent: durationMs > 0 ? (100 * (durationMs - missingMs)) / durationMs : 100 }
}

/** Not "100 %" as long as anything is missing. */
export function percentText(percent: number): string {
  if (percent >= 100) return '100 %'
  return `${Math.min(99.9, percent).toFixed(1)} %`
}
