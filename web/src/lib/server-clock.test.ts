import { expect, test } from 'vitest'
import { ServerClock } from './server-clock'

const date = (ms: number) => new Date(Math.floor(ms / 1_000) * 1_000).toUTCString()
const start = Date.parse('2026-11-21T12:00:00Z')

test('a clock here that is wrong is put right, the better the more is heard', () => {
  for (const aheadMs of [0, 7_300, -3_600_000]) {
    const clock = new ServerClock()
    expect(clock.at(start)).toBeUndefined()
    for (let ask = 0; ask < 12; ask += 1) {
      const here = start + ask * 3_170
      clock.heard(date(here + 20 + aheadMs), here, here + 40)
    }
    const there = clock.at(start) ?? Number.NaN
    expect(Math.abs(there - (start + aheadMs)), String(aheadMs)).toBeLessThan(150)
  }
})

test('a clock that is set anew is followed, and an answer without a date says nothing', () => {
  const clock = new ServerClock()
  clock.heard(null, start, start)
  clock.heard('yesterday', start, start)
  expect(clock.at(start)).toBeUndefined()
  clock.heard(date(start), start, start + 10)
  clock.heard(date(start + 60_000), start + 10, start + 20)
  expect(Math.abs((clock.at(start) ?? 0) - (start + 60_000))).toBeLessThan(1_000)
})
