import { expect, test, vi } from 'vitest'
import {
  formatAgo,
  formatClock,
  formatDateTime,
  formatDay,
  formatDuration,
  formatInstant,
  formatLocal,
  formatLocalDay,
  formatLocalClock,
  formatOffset,
  parseOffset,
  speakOffset,
  startOfDay,
  startOfDayAfter,
} from './time'

test('a day is of the reader’s clock', () => {
  expect(formatLocalDay('2026-11-21T22:30:00.000000Z', 'Pacific/Auckland')).toBe('2026-11-22')
  expect(formatLocalDay('2026-11-21T22:30:00.000000Z', 'UTC')).toBe('2026-11-21')
  expect(formatLocalDay('never')).toBe('never')
})

test('offsets are exact', () => {
  const cases: [number, string][] = [
    [0, '0:00.000'],
    [51_506, '0:51.506'],
    [51_506.9, '0:51.506'],
    [60_000, '1:00.000'],
    [3_599_999, '59:59.999'],
    [3_600_000, '1:00:00.000'],
    [-5, '0:00.000'],
  ]
  for (const [ms, want] of cases) expect(formatOffset(ms), String(ms)).toBe(want)
  expect(formatClock(121_436)).toBe('2:01')
})

test('durations name their two largest units', () => {
  const cases: [number, string][] = [
    [11, '11 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [121_436, '2 min 1 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
  ]
  for (const [ms, want] of cases) expect(formatDuration(ms), String(ms)).toBe(want)
})

test('times are said in words', () => {
  expect(speakOffset(0)).toBe('0 seconds')
  expect(speakOffset(61_900)).toBe('1 minute 1 second')
  expect(speakOffset(7_325_000)).toBe('2 hours 2 minutes 5 seconds')
})

test('instants are in UTC wherever the reader is', () => {
  expect(formatDateTime('2026-11-20T22:42:39.123456Z')).toBe('2026-11-20 22:42:39 UTC')
  expect(formatDateTime('not a time')).toBe('not a time')
  expect(formatInstant('2026-11-20T22:42:39.000000Z', 51_506)).toBe('2026-11-20 22:43:30.506 UTC')
})

test('days are of the reader’s clock, however long they are', () => {
  const hours = (day: string) => (Date.parse(startOfDayAfter(day) ?? '') - Date.parse(startOfDay(day) ?? '')) / 3_600_000
  const cases: [string, string, string, number][] = [
    ['Asia/Kolkata', '2026-11-20', '2026-11-19T18:30:00.000000Z', 24],
    ['America/New_York', '2026-03-08', '2026-03-08T05:00:00.000000Z', 23],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000000Z', 25],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000000Z', 25],
    ['Pacific/Auckland', '2026-11-21', '2026-11-20T11:00:00.000000Z', 24],
    // There was no midnight: clocks went from 23:59:59 to 01:00.
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000000Z', 23],
    // There were two.
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000000Z', 25],
    ['UTC', '2028-02-29', '2028-02-29T00:00:00.000000Z', 24],
  ]
  for (const [zone, day, start, length] of cases) {
    vi.stubEnv('TZ', zone)
    expect(startOfDay(day), `${day} in ${zone}`).toBe(start)
    expect(hours(day), `${day} in ${zone}`).toBe(length)
  }
  vi.stubEnv('TZ', 'Asia/Kolkata')
  expect(formatDay('2026-11-19T18:30:00.000000Z')).toBe('2026-11-20')
  expect(formatDay('2026-11-20T00:00:00.000000Z')).toBe('2026-11-20 05:30:00 GMT+5:30')
})

test('a range of days includes its last day', () => {
  expect(startOfDay('2026-11-20')).toBe('2026-11-20T00:00:00.000000Z')
  expect(startOfDayAfter('2026-11-20')).toBe('2026-11-21T00:00:00.000000Z')
  expect(startOfDayAfter('2028-02-29')).toBe('2028-03-01T00:00:00.000000Z')
  expect(startOfDay('yesterday')).toBeUndefined()
})

test('how long ago', () => {
  const cases: [number, string][] = [
    [-5_000, 'just now'],
    [999, 'just now'],
    [12_000, '12 s ago'],
    [119_000, '1 min ago'],
    [7_200_000, '2 h ago'],
    [200_000_000, '2 d ago'],
    [Number.NaN, 'just now'],
  ]
  for (const [ms, want] of cases) expect(formatAgo(ms), String(ms)).toBe(want)
})

test('the reader’s own clock is named with its zone', () => {
  expect(formatLocal('2026-11-21T09:30:05.123Z', 'Pacific/Auckland')).toMatch(/^2026-11-21 22:30:05 (GMT\+13|NZDT)$/)
  expect(formatLocal('2026-11-21T00:00:00Z', 'UTC')).toBe('2026-11-21 00:00:00 UTC')
  expect(formatLocal('no time')).toBe('no time')
})

test('places in a recording are read as they are written', () => {
  const cases: [string, number | undefined][] = [
    ['0:51.506', 51_506],
    ['1:02:03', 3_723_000],
    ['1:02:03.5', 3_723_500],
    [' 7 ', 7_000],
    ['7.1234', 7_123],
    ['', undefined],
    ['1:2:3:4', undefined],
    ['-1', undefined],
  ]
  for (const [text, want] of cases) expect(parseOffset(text), text).toBe(want)
  for (const ms of [0, 51_506, 36_000_000]) expect(parseOffset(formatOffset(ms))).toBe(ms)
})

test('the time of day is that of the reader', () => {
  expect(formatLocalClock('2026-11-21T09:30:00.250000Z', 1_500, 'Asia/Tokyo')).toBe('18:30:01.750 GMT+9')
  expect(formatLocal('2026-11-21T09:30:00Z', 'UTC')).toBe('2026-11-21 09:30:00 UTC')
})
