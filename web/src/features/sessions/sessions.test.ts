import { expect, test } from 'vitest'
import { paths, readSessionsSearch } from '../../lib/paths'
import { chosenColumns, columns } from './columns'
import { chipsOf } from './filters'
import { sessionsCsv } from './sessions-csv'
import { activityLevels, sparkPath } from './activity-levels'
import { filterOf, type SessionRow } from './use-sessions'

const session = {
  id: 's1',
  title: '=cmd()',
  user: 'ops',
  groups: ['a', 'b'],
  state: 'ENDED',
  startedAt: '2026-11-20T22:42:39.000000Z',
  durationMs: 121_436,
  counts: { events: 12_345, keys: 12_345, outputBytes: 1, markers: 0 },
  review: { reviewedAt: null, sampled: true, commentCount: 0 },
} as unknown as SessionRow

test('columns are those that were chosen, in the order of the table', () => {
  const ids = (stored: string | null) => chosenColumns(stored).map(({ id }) => id)
  expect(ids(null)).toEqual(columns.filter((each) => each.isShownAtFirst).map(({ id }) => id))
  expect(ids('state,user,nonsense')).toEqual(['user', 'state'])
  expect(ids('')).toEqual([])
})

test('a file has what is shown, as text', () => {
  const csv = sessionsCsv([session], chosenColumns('user,groups,started,activity,keys,review'))
  expect(csv).toBe(
    'Id,Session,User,Groups,Started (UTC),Review,Keys\r\n' +
      's1,\'=cmd(),ops,"a, b",2026-11-20 22:42:39,waiting,12345\r\n',
  )
})

test('each filter in force is a chip', () => {
  const chips = chipsOf({ text: 'x', user: 'ops', state: 'ACTIVE', gaps: 'no', queue: 'yes', hold: 'yes', order: 'STARTED_ASC' })
  expect(chips.map(({ label }) => label)).toEqual(['User: ops', 'State: Active', 'In review queue', 'Without gaps', 'On hold'])
})

test('a chip says of which zone a day is', () => {
  const chips = chipsOf({ from: '2026-11-20', to: '2026-11-21' })
  expect(chips.map(({ label }) => label)).toEqual(['From: 2026-11-20 (UTC)', 'To: 2026-11-21 (UTC)'])
})

test('the URL says what the server is asked', () => {
  expect(filterOf({ text: 'x', reviewed: 'no', gaps: 'yes', from: '2026-11-20', to: '2026-11-20' })).toEqual({
    text: 'x',
    reviewed: false,
    hasGaps: true,
    recorded: undefined,
    inReviewQueue: undefined,
    startedFrom: '2026-11-20T00:00:00.000000Z',
    startedTo: '2026-11-21T00:00:00.000000Z',
  })
})

test('sessions on legal hold are asked for by the URL', () => {
  expect(filterOf(readSessionsSearch({ hold: 'yes' })).onHold).toBe(true)
  expect(filterOf(readSessionsSearch({ hold: 'no' })).onHold).toBe(false)
  expect(filterOf(readSessionsSearch({ hold: 'perhaps' })).onHold).toBeUndefined()
  expect(paths.sessions({ hold: 'yes' })).toBe('/sessions?hold=yes')
})

test('activity is seen against the most of its kind', () => {
  const series = [
    { values: [100, 0, 25], max: 100 },
    { values: [0, 0, 4], max: 4 },
  ]
  expect(activityLevels(series)).toEqual([1, 0, 1])
  expect(activityLevels([])).toEqual([])
  expect(activityLevels([{ values: [0], max: 0 }])).toEqual([0])
  expect(sparkPath([1, 0, 0.01])).toBe('M1 20v-20M7 20v-2')
})
