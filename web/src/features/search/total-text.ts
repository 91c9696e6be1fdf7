import { formatCount, plural } from '../../lib/format'

type Totals = { totalCount: number; hitCount: number; totalIsExact: boolean }

/** `1 204 hits in 12 sessions`, `More than 500 000 hits in more than 800 sessions`. */
export function totalText(totals: Totals | undefined): string {
  if (!totals) return ''
  const { hitCount, totalCount, totalIsExact } = totals
  if (totalIsExact) return `${plural(hitCount, 'hit')} in ${plural(totalCount, 'session')}`
  return `More than ${formatCount(hitCount)} hits in more than ${plural(totalCount, 'session')}`
}
