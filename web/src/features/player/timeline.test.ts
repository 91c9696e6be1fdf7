import { expect, test } from 'vitest'
import { advance, fasterThan, idleStretches, indexAt, nextTime, percent, previousTime, slowerThan, timeAtFraction } from './timeline'

test('idle stretches begin the limit after an event and end at the next', () => {
  const cases: [string, number[], number, number, [number, number][]][] = [
    ['no pause', [500, 1_000, 1_500], 2_000, 2_000, []],
    ['a pause exactly as long as the limit', [2_000, 4_000], 4_000, 2_000, []],
    ['one pause', [1_000, 9_000], 9_000, 2_000, [[3_000, 9_000]]],
    ['before the first event', [5_000], 5_000, 2_000, [[2_000, 5_000]]],
    ['after the last event', [1_000], 8_000, 2_000, [[3_000, 8_000]]],
    ['no events', [], 10_000, 2_000, [[2_000, 10_000]]],
    ['events out of order', [5_000, 1_000, 6_000], 6_000, 2_000, [[2_000, 5_000]]],
  ]
  for (const [name, times, duration, limit, want] of cases) {
    const got = idleStretches(times, duration, limit).map(({ fromMs, toMs }) => [fromMs, toMs])
    expect(got, name).toEqual(want)
  }
})

test('playing jumps over idle stretches and loses none of the time that passed', () => {
  const idles = [
    { fromMs: 3_000, toMs: 9_000 },
    { fromMs: 11_000, toMs: 20_000 },
  ]
  const cases: [number, number, number][] = [
    [0, 1_000, 1_000], // before the first
    [2_990, 5, 2_995], // just before it
    [2_990, 10, 9_000], // to its edge: jumps
    [2_990, 16, 9_006], // over it, the rest is played behind it
    [5_000, 16, 9_016], // from inside it, where one had sought to
    [2_000, 4_000, 21_000], // over both
    [20_000, 10, 20_010], // behind them
  ]
  for (const [position, elapsed, want] of cases) {
    expect(advance(position, elapsed, idles), `${position} + ${elapsed}`).toBe(want)
  }
  expect(advance(2_990, 16, [])).toBe(3_006)
})

test('the last time at or before a position', () => {
  const times = [0, 5, 5, 10]
  const cases: [number, number][] = [
    [-1, -1],
    [0, 0],
    [4, 0],
    [5, 2],
    [9.9, 2],
    [10, 3],
    [99, 3],
  ]
  for (const [at, want] of cases) expect(indexAt(times, at), String(at)).toBe(want)
  expect(indexAt([], 5)).toBe(-1)
})

test('stepping leaves the event one stands on', () => {
  const times = [100, 200, 300]
  expect(nextTime(times, 0)).toBe(100)
  expect(nextTime(times, 100)).toBe(200)
  expect(nextTime(times, 300)).toBeUndefined()
  expect(previousTime(times, 250)).toBe(200)
  expect(previousTime(times, 200)).toBe(100)
  expect(previousTime(times, 100)).toBeUndefined()
})

test('speeds end at the slowest and the fastest', () => {
  expect([fasterThan(1), fasterThan(16), slowerThan(1), slowerThan(0.25)]).toEqual([1.5, 16, 0.5, 0.25])
})

test('the bar and its times', () => {
  expect([percent(50, 200), percent(300, 200), percent(1, 0)]).toEqual(['25%', '100%', '0%'])
  expect([timeAtFraction(0.5, 1_001), timeAtFraction(-1, 1_000), timeAtFraction(2, 1_000)]).toEqual([500, 0, 1_000])
})
