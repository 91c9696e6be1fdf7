import { expect, test } from 'vitest'
import { groupsOf, groupTitle } from './grouping'
import { undoOf } from './SettingHistory'
import type { Setting } from './use-settings'

const setting = (name: string, help: string, isChanged = false): Setting => ({
  name,
  kind: 'count',
  value: '7',
  defaultValue: '5',
  isChanged,
  expected: 'a number from 1 to 9',
  choices: [],
  help,
  group: { name: name.split('.')[0] ?? '', help: 'A group.' },
  lastChange: null,
})

const all = [
  setting('sign_in.idle_s', 'How long a browser stays.', true),
  setting('video.queue', 'How many at once.'),
  setting('sign_in.length_s', 'How long at most.'),
]
const names = (text: string, onlyChanged?: boolean) =>
  groupsOf(all, text, onlyChanged).map(({ name, settings }) => [name, ...settings.map((one) => one.name)])

test('settings stand in their groups, in their order', () => {
  expect(names('')).toEqual([
    ['sign_in', 'sign_in.idle_s', 'sign_in.length_s'],
    ['video', 'video.queue'],
  ])
})

test('each word of a search must occur in name, group, help or value', () => {
  const cases: [string, string[][]][] = [
    ['browser', [['sign_in', 'sign_in.idle_s']]],
    ['SIGN in most', [['sign_in', 'sign_in.length_s']]],
    ['video 7', [['video', 'video.queue']]],
    ['video browser', []],
  ]
  for (const [text, want] of cases) expect(names(text), text).toEqual(want)
  expect(names('', true)).toEqual([['sign_in', 'sign_in.idle_s']])
})

test('groups have titles that people read', () => {
  expect(['oidc', 'sign_in', 'ingest'].map(groupTitle)).toEqual(['Single sign-on', 'Sign-in', 'Ingest'])
})

test('an undo is a change back, and says of what', () => {
  const change = { position: '41', at: '2026-11-21T00:00:00Z', by: 'mara', old: '5', new: '7', reason: null }
  expect(undoOf(change)).toEqual({ value: '5', reason: 'Undo of the change at position 41 by mara' })
})
