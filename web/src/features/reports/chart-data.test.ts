import { expect, test } from 'vitest'
import { periodOf, ticksFor, withoutHoles } from './chart-data'

const bars = (...counted: [string, number][]) => counted.map(([of, count]) => ({ of, count }))

test('bars that are parts of time are told from others', () => {
  expect(periodOf(bars(['2026-11-20', 1], ['2026-11-21', 2]))).toBe('day')
  expect(periodOf(bars(['2026-11', 1]))).toBe('month')
  expect(periodOf(bars(['2025', 1], ['2026', 1]))).toBe('year')
  expect(periodOf(bars(['ops', 1], ['2026', 1]))).toBeUndefined()
  expect(periodOf([])).toBeUndefined()
})

test('periods without anything are there too, unless there are very many', () => {
  const days = withoutHoles(bars(['2028-02-27', 3], ['2028-03-01', 1]), 'day')
  expect(days.map(({ of, count }) => `${of}: ${count}`)).toEqual([
    '2028-02-27: 3',
    '2028-02-28: 0',
    '2028-02-29: 0',
    '2028-03-01: 1',
  ])
  expect(withoutHoles(bars(['2025-11', 1], ['2026-02', 1]), 'month').map(({ of }) => of)).toEqual([
    '2025-11',
    '2025-12',
    '2026-01',
    '2026-02',
  ])
  const far = bars(['1970-01-01', 1], ['2026-01-01', 1])
  expect(withoutHoles(far, 'day')).toBe(far)
})

test('an axis has few whole numbers, and none that is shown is beyond it', () => {
  const cases: [number, number[]][] = [
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [8, [0, 2, 4, 6, 8]],
    [11, [0, 5, 10, 15]],
    [1_000, [0, 250, 500, 750, 1_000]],
  ]
  for (const [most, want] of cases) expect(ticksFor(most), String(most)).toEqual(want)
  for (let most = 1; most < 3_000; most += 7) {
    const ticks = ticksFor(most)
    expect(ticks.length).toBeLessThanOrEqual(6)
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(most)
    expect(ticks.every(Number.isInteger)).toBe(true)
  }
})
