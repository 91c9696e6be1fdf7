import { expect, test } from 'vitest'
import { Turns } from './turns'

test('so many have their turn at once, in order, and who leaves lets the next begin', () => {
  const turns = new Turns(2)
  const begun: string[] = []
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => turns.take(() => begun.push(name)))
  expect(begun).toEqual(['a', 'b'])
  c?.()
  a?.()
  expect(begun).toEqual(['a', 'b', 'd'])
  // Giving back twice counts once.
  a?.()
  turns.take(() => begun.push('e'))
  expect(begun).toEqual(['a', 'b', 'd'])
  b?.()
  expect(begun).toEqual(['a', 'b', 'd', 'e'])
  d?.()
})
