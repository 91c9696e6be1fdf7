import { expect, test } from 'vitest'
import { hiddenLabel, hiddenWithin, type Redaction } from '../redaction/hidden'
import { labelAt, marksOf, spansOf } from './marks'
import { readHidden } from './series'
import type { PlayedSession } from './use-session'

const redaction = (given: Partial<Redaction>): Redaction => ({
  id: 'r',
  fromMs: 1_000,
  toMs: 2_000,
  what: 'ALL',
  by: 'ada',
  reason: 'a name',
  rule: null,
  liftedBy: null,
  liftedReason: null,
  ...given,
})
const session = {
  durationMs: 100_000,
  redactions: [redaction({}), redaction({ rule: 'prompt', fromMs: 50_000, toMs: 51_000 })],
  markers: [{ offsetMs: 10_000, label: 'here' }],
  messages: [{ offsetMs: 20_000, label: 'ops: down at noon' }],
  changes: [{ offsetMs: 9_990, label: '' }],
} as unknown as PlayedSession

test('what stands on the bar, and what is said of a place on it', () => {
  const said = { id: 'c', at: '', by: 'ada', text: 'look', offsetMs: 30_000 }
  const marks = marksOf(session, [said, { ...said, offsetMs: null }])
  expect(marks.map(({ kind, atMs }) => `${kind} ${atMs}`)).toEqual([
    'change 9990',
    'message 20000',
    'marker 10000',
    'comment 30000',
  ])
  const spans = spansOf(session, [], [])
  const cases: [number, string | undefined][] = [
    [9_900, 'here'],
    [30_100, 'ada: look'],
    [1_500, 'Hidden: a name'],
    [50_500, 'Hidden: password'],
    [70_000, undefined],
  ]
  for (const [atMs, want] of cases) expect(labelAt(marks, spans, atMs, 200), `at ${atMs}`).toBe(want)
})

test('footage that is missing is shown where it is longer than a slow capture', () => {
  const clips = [
    { startMs: 2_000, endMs: 10_000 },
    { startMs: 12_000, endMs: 20_000 },
    { startMs: 40_000, endMs: 90_000 },
  ]
  const gaps = spansOf({ ...session, redactions: [] }, clips, []).map(({ fromMs, toMs }) => [fromMs, toMs])
  expect(gaps).toEqual([
    [20_000, 40_000],
    [90_000, 100_000],
  ])
})

test('what recorders say is missing is told with its reason', () => {
  const gaps = [{ fromMs: 60_000, toMs: null, channel: 'keys', reason: 'the disk was full' }]
  const spans = spansOf({ ...session, redactions: [] }, [], gaps)
  expect(labelAt([], spans, 90_000, 10)).toBe('Missing (keys): the disk was full')
})

test('what is masked is named by its rule, or by the reason of who hides it', () => {
  expect(hiddenLabel(session.redactions, 50_900, 50_950)).toBe('hidden: password')
  expect(hiddenLabel(session.redactions, 0, 60_000)).toBe('hidden: a name, password')
  // Rules are told a little later than what they hide.
  expect(hiddenLabel([], 0, 60_000)).toBe('hidden')
  expect(hiddenWithin([redaction({ liftedBy: 'eve' })], 0, 60_000)).toEqual([])
})

test('series that are switched off are remembered', () => {
  expect(readHidden('KEYS,NONSENSE,OUTPUT')).toEqual(['OUTPUT', 'KEYS'])
  expect(readHidden(null)).toEqual([])
})
