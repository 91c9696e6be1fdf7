type Series = { values: readonly number[]; max: number }

export const sparkHeight = 20
export const sparkStep = 3

/**
 * How much happened in each bucket, from 0 to 1. Bytes, keys and changes of a picture do not add up: each kind is seen
 * against its own most, and the greatest counts. The root lets a few keys show beside a long listing.
 */
export function activityLevels(series: readonly Series[]): number[] {
  const length = Math.max(0, ...series.map(({ values }) => values.length))
  return Array.from({ length }, (_, bucket) =>
    Math.sqrt(Math.max(0, ...series.map(({ values, max }) => (max > 0 ? (values[bucket] ?? 0) / max : 0)))),
  )
}

/** A bar for each bucket in which anything happened, as a path. */
export function sparkPath(levels: readonly number[]): string {
  return levels
    .flatMap((level, bucket) => {
      if (level <= 0) return []
      const height = Math.max(2, Math.round(level * sparkHeight))
      return [`M${bucket * sparkStep + 1} ${sparkHeight}v-${height}`]
    })
    .join('')
}
