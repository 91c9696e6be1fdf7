import { expect, test } from 'vitest'
import { parseCast, visibleTimes, wholeMs } from './cast'

test('times are cut to whole milliseconds, never a millisecond less for being a fraction in binary', () => {
  const cases: [number, number][] = [
    [0.005013, 5],
    [1.009, 1_009],
    [51.506, 51_506],
    [51.5069, 51_506],
    [54.738, 54_738],
    [0, 0],
  ]
  for (const [seconds, want] of cases) expect(wholeMs(seconds), String(seconds)).toBe(want)
})

const text = `{"version": 2, "width": 110, "height": 32}
[0.5, "o", "$ "]
[1.0, "i", "l"]
[1.0, "o", "l"]
[1.0, "o", "s"]
[2.25, "r", "90x20"]
`

test('a recording is read, and what can be seen of it', () => {
  const cast = parseCast(text)
  expect(cast).toMatchObject({ columns: 110, rows: 32, durationMs: 2_250 })
  expect(cast.events[1]).toEqual([1_000, 'i', 'l'])
  expect(visibleTimes(cast)).toEqual([500, 1_000, 2_250])
})

test('a last line cut short is left out', () => {
  expect(parseCast(`${text}[3.1, "o", "unfin`).durationMs).toBe(2_250)
  expect(parseCast('{"version": 2, "width": 80, "height": 24}').events).toEqual([])
})
