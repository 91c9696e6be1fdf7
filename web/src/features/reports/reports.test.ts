import { expect, test } from 'vitest'
import { fileUrl } from './use-reports'

test('a file is asked for with all that the shown report was asked with', () => {
  const asked = { from: '2026-01-01T00:00:00.000000Z', at: '4712', parameters: { zone: 'Europe/Berlin' } }
  expect(fileUrl('outside-hours', asked, 'pdf')).toBe(
    '/v1/reports/outside-hours.pdf?from=2026-01-01T00%3A00%3A00.000000Z&at=4712&zone=Europe%2FBerlin',
  )
  expect(fileUrl('reviews', { parameters: {} }, 'csv')).toBe('/v1/reports/reviews.csv')
})
