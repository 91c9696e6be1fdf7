import { expect, test } from 'vitest'
import { everything, scopeOf } from './scope'
import { stateOf } from './token-state'
import { namesOf, scopeText } from './words'

const scope = { folders: [], groups: [], own: false, sites: [], targets: [] }

test('a scope reads as a line', () => {
  expect(scopeText(scope)).toBe('All sessions')
  expect(scopeText({ ...scope, own: true })).toBe('their own')
  expect(scopeText({ ...scope, folders: ['prod/db', 'prod/web'], sites: ['north'], from: '2026-01-02T00:00:00Z' })).toBe(
    'folders prod/db, prod/web; site north; from 2026-01-02',
  )
})

test('what is typed becomes a scope, and nothing typed is all sessions', () => {
  expect(scopeOf(everything)).toBeNull()
  expect(scopeOf({ ...everything, sites: ' , ' })).toBeNull()
  expect(scopeOf({ ...everything, sites: 'north, south ,', to: '2026-01-31' })).toEqual({
    folders: [],
    groups: [],
    sites: ['north', 'south'],
    targets: [],
    from: null,
    to: '2026-02-01T00:00:00.000000Z',
  })
  expect(namesOf(' a,, b ')).toEqual(['a', 'b'])
})

test('a token works until it is revoked or its time is over', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')
  const cases = [
    [{ revokedAt: null, expiresAt: null }, 'Works'],
    [{ revokedAt: null, expiresAt: '2026-11-21T12:00:01Z' }, 'Works'],
    [{ revokedAt: null, expiresAt: '2026-11-21T12:00:00Z' }, 'Expired'],
    [{ revokedAt: '2026-11-20T00:00:00Z', expiresAt: '2026-11-20T12:00:00Z' }, 'Revoked'],
  ] as const
  for (const [token, want] of cases) expect(stateOf(token, now)).toBe(want)
})
