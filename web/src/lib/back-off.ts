const firstMs = 500
const longestMs = 15_000

/**
 * How long to wait before the next try: twice as long each time, up to a limit. Chance takes up to a third off, so that
 * all the pages of a server that restarts do not come back at the same moment.
 */
export function backOffMs(tries: number, chance: () => number = Math.random): number {
  const longest = Math.min(longestMs, firstMs * 2 ** Math.min(tries, 10))
  return Math.round(longest * (1 - chance() / 3))
}
