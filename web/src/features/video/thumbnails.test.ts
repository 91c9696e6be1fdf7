import { expect, test } from 'vitest'
import { nearestTile, tileAt } from './thumbnails'
import type { Sheet } from './use-media'

const sheet = (timesMs: number[]): Sheet => ({ url: '/sheet', columns: 2, tileWidth: 160, tileHeight: 100, timesMs })
const sheets = [sheet([1_000, 2_000, 3_000]), sheet([]), sheet([10_000, 11_000])]

test('the picture of a time is the last one at or before it', () => {
  const cases: [number, number, number, number][] = [
    [0, 1_000, 0, 0], // before the first: the first
    [1_999, 1_000, 0, 0],
    [2_000, 2_000, 160, 0],
    [3_500, 3_000, 0, 100],
    [9_999, 3_000, 0, 100], // between sheets
    [10_500, 10_000, 0, 0],
    [99_999, 11_000, 160, 0],
  ]
  for (const [atMs, wantMs, x, y] of cases) expect(tileAt(sheets, atMs), String(atMs)).toMatchObject({ atMs: wantMs, x, y })
  expect(tileAt([], 0)).toBeUndefined()
  expect(tileAt([sheet([])], 0)).toBeUndefined()
})

test('the nearest picture may be a later one', () => {
  const cases: [number, number][] = [
    [0, 1_000],
    [1_400, 1_000],
    [1_600, 2_000],
    [6_500, 3_000], // as far from both: the earlier
    [7_000, 10_000],
    [99_999, 11_000],
  ]
  for (const [atMs, want] of cases) expect(nearestTile(sheets, atMs)?.atMs, String(atMs)).toBe(want)
  expect(nearestTile([], 0)).toBeUndefined()
})
