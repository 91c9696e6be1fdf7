import { expect, test } from 'vitest'
import { facetValues } from './facets'
import { totalText } from './total-text'

test('values that are asked for come first, and stay when nothing has them', () => {
  const facets = [{ by: 'USER' as const, values: [{ value: 'ops', count: 9 }, { value: 'ann', count: 2 }] }]
  expect(facetValues(facets, 'USER', 'user', 'git user:Ann user:gone')).toEqual([
    { value: 'gone', count: 0, isChosen: true },
    { value: 'ann', count: 2, isChosen: true },
    { value: 'ops', count: 9, isChosen: false },
  ])
  expect(facetValues(facets, 'HOST', 'host', 'git')).toEqual([])
})

test('totals say whether they are exact', () => {
  const cases: [number, number, boolean, string][] = [
    [1, 1, true, '1 hit in 1 session'],
    [1204, 12, true, '1\u202f204 hits in 12 sessions'],
    [0, 0, true, '0 hits in 0 sessions'],
    [500_000, 800, false, 'More than 500\u202f000 hits in more than 800 sessions'],
  ]
  for (const [hitCount, totalCount, totalIsExact, want] of cases) {
    expect(totalText({ hitCount, totalCount, totalIsExact })).toBe(want)
  }
})
