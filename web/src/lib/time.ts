const second = 1000
const minute = 60 * second
const hour = 60 * minute

const two = (n: number) => String(n).padStart(2, '0')

/** A place in a recording, `m:ss.mmm` or `h:mm:ss.mmm`: exact, so that it can be read out and found again. */
export function formatOffset(ms: number): string {
  const whole = Math.max(0, Math.floor(ms))
  return `${formatClock(whole)}.${String(whole % second).padStart(3, '0')}`
}

/** The same without milliseconds. */
export function formatClock(ms: number): string {
  const whole = Math.max(0, Math.floor(ms))
  const hours = Math.floor(whole / hour)
  const minutes = Math.floor((whole % hour) / minute)
  const seconds = Math.floor((whole % minute) / second)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}

/** How long something took, in the two largest units: `2 h 5 min`, `1 min 51 s`, `12 ms`. */
export function formatDuration(ms: number): string {
  if (ms < second) return `${Math.round(ms)} ms`
  const whole = Math.round(ms / second) * second
  if (whole < minute) return `${whole / second} s`
  const [large, largeUnit, small, smallUnit] =
    whole < hour
      ? [Math.floor(whole / minute), 'min', Math.floor((whole % minute) / second), 's']
      : [Math.floor(whole / hour), 'h', Math.floor((whole % hour) / minute), 'min']
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}

/** How long ago something was, in its largest unit: a clock that is a little behind does not show. */
export function formatAgo(ms: number): string {
  if (!(ms >= second)) return 'just now'
  if (ms < minute) return `${Math.floor(ms / second)} s ago`
  if (ms < hour) return `${Math.floor(ms / minute)} min ago`
  if (ms < 24 * hour) return `${Math.floor(ms / hour)} h ago`
  return `${Math.floor(ms / (24 * hour))} d ago`
}

/** A duration as a screen reader should say it. */
export function speakOffset(ms: number): string {
  const whole = Math.max(0, Math.floor(ms))
  const parts = [
    [Math.floor(whole / hour), 'hour'],
    [Math.floor((whole % hour) / minute), 'minute'],
    [Math.floor((whole % minute) / second), 'second'],
  ] as const
  const said = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? '' : 's'}`)
  return said.length > 0 ? said.join(' ') : '0 seconds'
}

/** Microseconds since 1970. The server's times have them; a `Date` cuts them off. */
export function microsOf(iso: string): number {
  const beyondMs = /\.\d{3}(\d{1,3})/.exec(iso)?.[1] ?? ''
  return Date.parse(iso) * 1000 + Number(beyondMs.padEnd(3, '0'))
}

/** UTC, in which all times stand in the log: two people in two places read the same time off the same record. */
export function formatDateTime(iso: string): string {
  const at = new Date(iso)
  return Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** The same instant on the reader's own clock, with the zone: `2026-11-21 22:30:00 GMT+13`. */
export function formatLocal(iso: string, timeZone?: string): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  const parts = new Intl.DateTimeFormat('en-GB', { ...localFields, timeZone }).formatToParts(at)
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? ''
  const day = `${part('year')}-${part('month')}-${part('day')}`
  return `${day} ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`
}

const localFields: Intl.DateTimeFormatOptions = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
}

/** The day of an instant on the reader's own clock. */
export function formatLocalDay(iso: string, timeZone?: string): string {
  return formatLocal(iso, timeZone).split(' ')[0] ?? iso
}

/** The wall clock at a place in a recording, to the millisecond. */
export function formatInstant(startedAt: string, offsetMs: number): string {
  const start = new Date(startedAt).getTime()
  if (Number.isNaN(start)) return ''
  return `${new Date(start + Math.floor(offsetMs)).toISOString().slice(0, 23).replace('T', ' ')} UTC`
}

/** An instant as the server writes them, moved by milliseconds. */
export function instantAt(startedAt: string, offsetMs: number): string {
  const start = new Date(startedAt).getTime()
  return Number.isNaN(start) ? '' : new Date(start + Math.floor(offsetMs)).toISOString()
}

/** Reads `1:02:03.5`, `2:03.5`, `123.5`: milliseconds; undefined where it is none of them. */
export function parseOffset(text: string): number | undefined {
  const found = /^(?:(?:(\d{1,5}):)?(\d{1,5}):)?(\d{1,7})(?:[.,](\d{1,3})\d*)?$/.exec(text.trim())
  if (!found) return undefined
  const [, hours = '0', minutes = '0', seconds = '0', rest = ''] = found
  return Number(hours) * hour + Number(minutes) * minute + Number(seconds) * second + Number(rest.padEnd(3, '0'))
}

/** The same on the reader's own clock, without the day. */
export function formatLocalClock(startedAt: string, offsetMs: number, timeZone?: string): string {
  const at = instantAt(startedAt, offsetMs)
  if (at === '') return ''
  const [, clock = '', ...zone] = formatLocal(at, timeZone).split(' ')
  return `${clock}.${at.slice(20, 23)} ${zone.join(' ')}`
}

const isDay = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

/** The zone of the reader's clock, of which days that they choose are: `Europe/Berlin`. */
export function readersZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** The first instant of a day chosen in a date field, on the reader's clock. */
export function startOfDay(day: string | undefined): string | undefined {
  return day && isDay(day) ? firstInstant(day, 0) : undefined
}

/** The first instant after a day: a range of days includes its last day, a range of instants not its end. */
export function startOfDayAfter(day: string | undefined): string | undefined {
  return day && isDay(day) ? firstInstant(day, 1) : undefined
}

/** Midnight; where clocks are put forward then, the instant at which they are, and where back, the first of the two. */
function firstInstant(day: string, daysAfter: number): string {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number)
  const at = new Date(0)
  at.setFullYear(year, month - 1, date + daysAfter)
  at.setHours(0, 0, 0, 0)
  return at.toISOString().replace('Z', '000Z')
}

/** An instant that begins a day on the reader's clock as that day, any other in full. */
export function formatDay(iso: string): string {
  const local = formatLocal(iso)
  const [day = local, clock] = local.split(' ')
  return clock === '00:00:00' && Date.parse(iso) === Date.parse(startOfDay(day) ?? '') ? day : local
}
