import { expect, test } from 'vitest'
import { hasValue, quote, termsOf, toggleValue, valuesOf } from './query-text'

test('a text is cut where the language cuts it', () => {
  const cases: [string, string[]][] = [
    ['', []],
    ['  git   commit ', ['git', 'commit']],
    ['"a b" c', ['"a b"', 'c']],
    ['user:"Ann Lee" x', ['user:"Ann Lee"', 'x']],
    ['host:(web-1 "db 2") -kind:keys', ['host:(web-1 "db 2")', '-kind:keys']],
    ['foo(bar baz)', ['foo(bar baz)']],
    ['"not closed', ['"not closed']],
    ['(not closed', ['(not closed']],
    ['a ) b', ['a', ')', 'b']],
  ]
  for (const [text, want] of cases) {
    expect(termsOf(text).map((term) => term.text), text).toEqual(want)
  }
})

test('a press on a value adds it, and a second one takes it away', () => {
  const cases: [text: string, field: string, value: string, want: string][] = [
    ['', 'user', 'ann', 'user:ann'],
    ['git', 'user', 'ann', 'git user:ann'],
    ['git ', 'user', 'Ann Lee', 'git user:"Ann Lee"'],
    ['a OR b', 'kind', 'keys', '(a OR b) kind:keys'],
    ['git user:ann', 'user', 'ann', 'git'],
    ['USER:Ann git', 'user', 'ann', 'git'],
    ['git user:"Ann Lee" x', 'user', 'Ann Lee', 'git x'],
    ['git AND user:ann', 'user', 'ann', 'git'],
    ['git AND user:ann AND x', 'user', 'ann', 'git AND x'],
    ['-user:ann', 'user', 'ann', '-user:ann user:ann'],
    ['user:an*', 'user', 'an', 'user:an* user:an'],
    ['git', 'app', 'a"b c', 'git app:"a b c"'],
  ]
  for (const [text, field, value, want] of cases) {
    expect(toggleValue(text, field, value), `${text} + ${field}:${value}`).toBe(want)
  }
})

test('what was added is found, and taken away again whole', () => {
  for (const value of ['ann', 'Ann Lee', '(x)', '', 'a*', 'ünï "q"', 'db\\ops', 'a:b']) {
    const added = toggleValue('git', 'user', value)
    expect(hasValue(added, 'user', value), added).toBe(true)
    expect(toggleValue(added, 'user', value), added).toBe('git')
  }
})

test('the values of a field are those that are asked for', () => {
  expect(valuesOf('user:ann -user:bob user:"C D" host:x user:e*', 'user')).toEqual(['ann', 'C D'])
})

test('values are quoted where they have to be', () => {
  expect(['a', 'a b', '', 'a"b', 'x*'].map(quote)).toEqual(['a', '"a b"', '""', '"a b"', '"x*"'])
})
