import { expect, test } from 'vitest'
import { circumstancesOf, describe } from './describe'
import { kindOf, trailKindNames, typesOf } from './kinds'
import { trailCsv } from './trail-csv'
import type { TrailEntry } from './use-trail'
import { filterOf } from './use-trail'

test('each type of event belongs to one kind', () => {
  const types = typesOf(trailKindNames)
  expect(new Set(types).size).toBe(types.length)
  expect(kindOf('grant.given')).toBe('access')
  expect(kindOf('terminal.written')).toBeUndefined()
})

test('what somebody did is said in a sentence', () => {
  const cases: [string, unknown, string][] = [
    ['config.changed', { setting: 'video.queue', old: 1, new: 2 }, 'set video.queue from 1 to 2'],
    ['config.changed', { setting: 'oidc.issuer', old: '', new: 'https://x' }, 'set oidc.issuer from nothing to https://x'],
    ['recording.viewed', { what: ['screen', 'timeline'], looks: 1200 }, 'saw screen, timeline, and 1\u202f200 more looks since'],
    ['search.performed', { text: 'a "b"', hits: 1 }, 'searched for “a "b"”: 1 hit'],
    ['access.denied', { object: 'settings', right: 'view_settings' }, 'was refused settings, which needs the right view_settings'],
    ['auth.denied', { reason: 'no such token' }, 'was turned away: no such token'],
    ['token.created', { name: 'old' }, 'created the token “old” with the role admin'],
    ['hold.placed', { matter: 'Case 4711' }, 'placed it on legal hold for “Case 4711”'],
    ['hold.released', {}, 'lifted its legal hold'],
    ['retention.purged', { events: 1204 }, 'destroyed its content: 1\u202f204 events'],
    ['retention.purged', {}, 'destroyed its content'],
    ['session.assigned', {}, 'took its reviewer away'],
    ['session.assigned', { to: 'jo' }, 'gave it to jo to review'],
  ]
  for (const [type, data, want] of cases) expect(describe(type, data), type).toBe(want)
})

test('of what cannot be read, or is gone, the type is said', () => {
  for (const data of [null, undefined, 7, 'x']) expect(describe('config.changed', data)).toBe('config.changed')
  expect(describe('camera.moved', { by: 'x' })).toBe('camera.moved')
  // Any shape is taken: nothing here throws.
  for (const type of typesOf(trailKindNames)) expect(describe(type, { what: 7, text: {}, looks: [] })).toBeTruthy()
})

test('where somebody was and why they did it are told apart from what', () => {
  expect(circumstancesOf('recording.viewed', { address: '10.0.0.1', reason: 'audit' })).toEqual({
    address: '10.0.0.1',
    reason: 'audit',
  })
  expect(circumstancesOf('auth.denied', { reason: 'no such token' }).reason).toBe('')
})

test('a filter in the URL is one of the server', () => {
  expect(filterOf({ by: 'mara', kinds: ['settings'], from: '2026-01-01', to: '2026-01-01' })).toEqual({
    by: ['mara'],
    types: ['config.changed'],
    session: undefined,
    from: '2026-01-01T00:00:00.000000Z',
    to: '2026-01-02T00:00:00.000000Z',
  })
})

test('a spreadsheet takes nothing of it for a formula', () => {
  const entry: TrailEntry = {
    position: '7',
    at: '2026-11-21T00:00:00.000000Z',
    type: 'search.performed',
    by: '=cmd()',
    session: null,
    event: { session: null, data: { text: 'x', hits: 0 } },
  }
  expect(trailCsv([entry])).toContain(`7,2026-11-21T00:00:00.000000Z,'=cmd(),search.performed,searched for “x”: 0 hits,,,`)
})
