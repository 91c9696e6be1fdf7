import { expect, test } from 'vitest'
import { parseSaved, withSaved } from './saved-searches'

test('what is kept is read back, and what is no saved search is dropped', () => {
  const kept = [{ name: 'root', search: { q: 'sudo', order: 'NEWEST' as const } }]
  expect(parseSaved(JSON.stringify(kept))).toEqual(kept)
  for (const broken of [null, '', '{', '3', 'null', '{"a":1}', '[null,3,{"name":""}]', '[{"name":"x","search":{}}]']) {
    expect(parseSaved(broken), String(broken)).toEqual([])
  }
})

test('a name stands for one search, the last', () => {
  const one = { name: 'a', search: { q: '1' } }
  const other = { name: 'b', search: { q: '2' } }
  const again = { name: 'a', search: { q: '3' } }
  expect(withSaved([one, other], again)).toEqual([again, other])
})
