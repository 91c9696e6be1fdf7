import { expect, test } from 'vitest'
import { errorOfCode } from '../../lib/errors'
import { fileUrl, wrongIn } from './use-reports'
import { nameOf, runUrl, type Schedule } from './use-schedules'

test('a file is asked for with all that the shown report was asked with', () => {
  const asked = { from: '2026-01-01T00:00:00.000000Z', at: '4712', parameters: { zone: 'Europe/Berlin' } }
  expect(fileUrl('outside-hours', asked, 'pdf')).toBe(
    '/v1/reports/outside-hours.pdf?from=2026-01-01T00%3A00%3A00.000000Z&at=4712&zone=Europe%2FBerlin',
  )
  expect(fileUrl('reviews', { parameters: {} }, 'csv')).toBe('/v1/reports/reviews.csv')
})

test('the file of a scheduled run is the same report at its position', () => {
  const run = { at: '', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z', position: '4712', rows: 3, files: [] }
  const schedule = { report: { name: 'reviews', title: '' }, parameters: {} } as unknown as Schedule
  expect(runUrl(schedule, run as unknown as Schedule['runs'][number], 'csv')).toBe(
    '/v1/reports/reviews.csv?from=2026-01-01T00%3A00%3A00Z&to=2026-02-01T00%3A00%3A00Z&at=4712',
  )
})

test('a schedule has a name that the server takes, whatever the words', () => {
  expect(nameOf('Privileged access, daily!')).toBe('privileged-access-daily')
  expect(nameOf('24 hours')).toBe('hours')
  expect(nameOf('監査')).toBe('')
})

test('what the server did not take is told at its field', () => {
  const said = '`start` is "9`9", expected a whole number from 0 to 24'
  expect(wrongIn(errorOfCode('INVALID_ARGUMENT', said))).toEqual({ name: 'start', expected: 'a whole number from 0 to 24' })
  expect(wrongIn(errorOfCode('FORBIDDEN', said))).toBeUndefined()
  expect(wrongIn(null)).toBeUndefined()
})
