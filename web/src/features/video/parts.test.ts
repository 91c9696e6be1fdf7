import { expect, test } from 'vitest'
import type { Redaction } from '../redaction/hidden'
import { hiddenPictures, partAt, partsOf } from './parts'
import type { Source } from './source'

const hidden = (fromMs: number, toMs: number, given: Partial<Redaction> = {}): Redaction => ({
  id: 'r',
  fromMs,
  toMs,
  what: 'ALL',
  by: 'ada',
  reason: 'a name',
  rule: null,
  liftedBy: null,
  liftedReason: null,
  ...given,
})
const source: Source = { url: '/video.webm', startMs: 0, endMs: 60_000, isGrowing: false }
const keyframesMs = [0, 10_000, 20_000, 30_000, 40_000, 50_000]

test('only what people hide of the picture is hidden in it', () => {
  const all = [hidden(1, 2), hidden(3, 4, { rule: 'prompt' }), hidden(5, 6, { what: 'KEYS' }), hidden(7, 8, { liftedBy: 'eve' })]
  expect(hiddenPictures(all, false).map(({ fromMs }) => fromMs)).toEqual([1])
  expect(hiddenPictures(all, true)).toEqual([])
})

test('what may be seen is cut around what is hidden, and begins again with a full picture', () => {
  const cases: [string, Redaction[], string[]][] = [
    ['nothing hidden', [], ['/video.webm']],
    ['outside of it', [hidden(70_000, 80_000)], ['/video.webm']],
    ['in the middle', [hidden(12_000, 25_000)], ['/video.webm?until_ms=11999', '/video.webm?from_ms=30001&until_ms=60000']],
    ['at the beginning', [hidden(0, 5_000)], ['/video.webm?from_ms=10001&until_ms=60000']],
    ['to the end', [hidden(45_000, 60_000)], ['/video.webm?until_ms=44999']],
    ['two that meet', [hidden(31_000, 33_000), hidden(12_000, 31_500)], ['/video.webm?until_ms=11999', '/video.webm?from_ms=40001&until_ms=60000']],
    ['all of it', [hidden(0, 60_000)], []],
  ]
  for (const [name, spans, want] of cases) {
    expect(partsOf(source, spans, keyframesMs).map(({ url }) => url), name).toEqual(want)
  }
})

test('the part of a time', () => {
  const parts = partsOf(source, [hidden(12_000, 25_000)], keyframesMs)
  const cases = [
    [0, 0],
    [20_000, 0],
    [29_999, 0],
    [30_000, 30_000],
  ] as const
  for (const [atMs, startMs] of cases) expect(partAt(parts, atMs)?.startMs, `at ${atMs}`).toBe(startMs)
  expect(partAt([], 0)).toBeUndefined()
})
