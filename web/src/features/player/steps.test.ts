import { expect, test } from 'vitest'
import { framesOf, stepsThrough } from './steps'

test('steps go from event to event', () => {
  const { unit, next, previous } = stepsThrough([10, 20, 30])
  expect([unit, next(10), next(30), previous(20), previous(10)]).toEqual(['event', 20, undefined, 10, undefined])
})

test('steps go from frame to frame, and over the gap between clips', () => {
  const clips = [
    { startMs: 1_000, endMs: 1_900, frames: 10 },
    { startMs: 60_000, endMs: 62_000, frames: 3 },
  ]
  const { unit, next, previous } = framesOf(clips)
  expect(unit).toBe('frame')
  const cases: [number, number | undefined, number | undefined][] = [
    [0, 1_000, undefined],
    [1_000, 1_100, undefined],
    [1_100, 1_200, 1_000],
    [1_150, 1_200, 1_100],
    [1_900, 60_000, 1_800],
    [30_000, 60_000, 1_900],
    [60_000, 61_000, 1_900],
    [62_000, undefined, 61_000],
    [70_000, undefined, 62_000],
  ]
  for (const [atMs, after, before] of cases) {
    expect([next(atMs), previous(atMs)], `at ${atMs}`).toEqual([after, before])
  }
})
