export type Sample = { atMs: number; size: bigint }

/** So far back the rate looks. */
const windowMs = 60_000

/** Adds what the log was just found to hold, and forgets what is too long ago. */
export function withSample(samples: readonly Sample[], next: Sample): readonly Sample[] {
  if (samples.at(-1)?.atMs === next.atMs) return samples
  return [...samples.filter(({ atMs }) => next.atMs - atMs <= windowMs), next]
}

/** Events a second over the samples. Not known before there are two. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.atMs <= first.atMs) return undefined
  return Number(last.size - first.size) / ((last.atMs - first.atMs) / 1000)
}

/** A rate as it is read: exact while it is small. */
export function rateText(rate: number | undefined): string {
  if (rate === undefined) return '…'
  return rate < 10 ? rate.toFixed(1) : String(Math.round(rate))
}
