import { toCsv } from '../../lib/csv'
import { circumstancesOf, describe } from './describe'
import type { TrailEntry } from './use-trail'

/** One line for each act, with times in UTC as they stand in the log. */
export function trailCsv(entries: readonly TrailEntry[]): string {
  return toCsv([
    ['Position', 'At', 'Who', 'Type', 'What', 'Session', 'Address', 'Reason'],
    ...entries.map(({ position, at, by, type, session, event }) => {
      const { address, reason } = circumstancesOf(type, event?.data)
      return [position, at, by, type, describe(type, event?.data), session?.id ?? '', address, reason]
    }),
  ])
}
