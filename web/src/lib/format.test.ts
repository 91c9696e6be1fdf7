import { expect, test } from 'vitest'
import { formatBytes, formatCount, plural, sessionName } from './format'

test('bytes, counts and plurals', () => {
  expect([0, 999, 1_000, 51_561, 123_456_789].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '51.6 kB', '123 MB'])
  expect(formatCount('18446744073709551615')).toBe('18 446 744 073 709 551 615'.replaceAll(' ', '\u202f'))
  expect([plural(1, 'moment'), plural(0, 'moment')]).toEqual(['1 moment', '0 moments'])
})

test('a session is called by its title, else its file, else its command', () => {
  const id = '0190'
  expect(sessionName({ id, title: 'Release', recording: { name: 'a.cast' } })).toBe('Release')
  expect(sessionName({ id, recording: { name: 'day/a.cast' }, command: 'bash' })).toBe('a.cast')
  expect(sessionName({ id, command: 'bash' })).toBe('bash')
  expect(sessionName({ id })).toBe(id)
})
