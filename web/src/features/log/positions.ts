/** Positions may be larger than a number holds exactly, so they are counted in BigInt and kept as text. */

export const windowSize = 50

export type LogWindow = {
  /** Events after this position; null from the start of the log. */
  after: string | null
  first: number
  /** The `before` of the page of older events, if there are any. */
  older: string | undefined
  /** The `before` of the page of newer events; 'latest' when that is the end of the log. */
  newer: string | 'latest' | undefined
}

/** The window of events that ends just before a position, or at the end of the log. */
export function windowBefore(before: string | undefined, size: string): LogWindow {
  const end = before === undefined || BigInt(before) > BigInt(size) ? BigInt(size) : BigInt(before)
  const length = BigInt(windowSize)
  const from = end > length ? end - length : 0n
  const newerEnd = end + length
  return {
    after: from > 0n ? String(from - 1n) : null,
    first: Number(end - from),
    older: from > 0n ? String(from) : undefined,
    newer: end >= BigInt(size) ? undefined : newerEnd >= BigInt(size) ? 'latest' : String(newerEnd),
  }
}
