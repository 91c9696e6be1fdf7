import { expect, test } from 'vitest'
import { complete, fittingSuggestions, pointAt, type Suggestion } from './completion'

const field = (name: string, at: number, length: number): Suggestion => ({
  kind: 'FIELD',
  text: `${name}:`,
  field: name,
  value: '',
  count: null,
  at,
  length,
})
const value = (text: string, of: string, at: number, length: number): Suggestion => ({
  kind: 'VALUE',
  text,
  field: text.split(':')[0] ?? '',
  value: of,
  count: 3,
  at,
  length,
})

test('suggestions stay while what is typed still begins like them', () => {
  const users = [value('user:ann', 'ann', 4, 5), value('user:"Ann Lee"', 'Ann Lee', 4, 5)]
  const cases: [now: string, want: string[]][] = [
    ['git user:', ['user:ann', 'user:"Ann Lee"']],
    ['git user:an', ['user:ann', 'user:"Ann Lee"']],
    ['git user:ann', ['user:"Ann Lee"']],
    ['git user:"Ann', ['user:ann', 'user:"Ann Lee"']],
    ['git user:"Ann ', ['user:"Ann Lee"']],
    ['git user:b', []],
    ['git us', ['user:ann', 'user:"Ann Lee"']],
    ['git', []],
    ['svn user:', []],
  ]
  for (const [now, want] of cases) {
    const got = fittingSuggestions({ before: 'git user:', suggestions: users }, now)
    expect(got.map(({ text }) => text), now).toEqual(want)
  }
})

test('no field is offered where nothing is begun', () => {
  expect(fittingSuggestions({ before: 'git ', suggestions: [field('user', 4, 0)] }, 'git ')).toEqual([])
})

test('a suggestion replaces what was begun, and the cursor stands behind it', () => {
  const cases: [before: string, behind: string, Suggestion, want: string][] = [
    ['us', '', field('user', 0, 2), 'user:|'],
    ['git us', ' x', field('user', 4, 2), 'git user:| x'],
    ['user:a', '', value('user:ann', 'ann', 0, 6), 'user:ann |'],
    ['user:a', ' git', value('user:ann', 'ann', 0, 6), 'user:ann| git'],
    ['(kind:c', ')', value('kind:command', 'command', 1, 6), '(kind:command|)'],
    ['🚀 部 user:a', '', value('user:ann', 'ann', 4, 6), '🚀 部 user:ann |'],
  ]
  for (const [before, behind, suggestion, want] of cases) {
    const { text, cursor } = complete({ text: before + behind, cursor: before.length }, suggestion)
    expect(`${text.slice(0, cursor)}|${text.slice(cursor)}`, before).toBe(want)
  }
})

test('an error points at characters, not at halves of them', () => {
  expect(pointAt('🚀 user: x', { at: 2, length: 5 })).toEqual(['🚀 ', 'user:', ' x'])
  expect(pointAt('git', { at: 3, length: 0 })).toEqual(['git', '', ''])
  expect(pointAt('git', { at: 9, length: 4 })).toEqual(['git', '', ''])
})
