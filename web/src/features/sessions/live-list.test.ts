import { expect, test } from 'vitest'
import { LiveList, liveFirst } from './live-list'

const session = (id: string, startedAt: string, state: 'ACTIVE' | 'ENDED' = 'ACTIVE') => ({ id, startedAt, state })
const [a, b, c] = [session('a', '1'), session('b', '2'), session('c', '3')]
const told = (kind: 'PRESENT' | 'BEGAN' | 'CHANGED' | 'ENDED', of: typeof a) => ({ kind, session: of })

test('nothing is shown until all are told; then what begins, changes and ends', () => {
  const list = new LiveList<typeof a>()
  expect(list.take({ isComplete: false, changes: [told('PRESENT', a)] })).toEqual({ sessions: undefined, isOther: false })
  expect(list.take({ isComplete: true, changes: [told('PRESENT', b)] }).sessions).toEqual([a, b])
  expect(list.take({ isComplete: true, changes: [told('BEGAN', c), told('ENDED', a)] })).toEqual({ sessions: [b, c], isOther: true })
  // After a break all are told anew: one that ended meanwhile is not told again.
  list.begin()
  expect(list.take({ isComplete: false, changes: [] }).sessions).toBeUndefined()
  expect(list.take({ isComplete: true, changes: [told('PRESENT', c)] }).sessions).toEqual([c])
})

test('those that go on are on top, each once, whether they are followed or only asked for', () => {
  const [ended, old] = [session('x', '9', 'ENDED'), session('y', '0', 'ENDED')]
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).join('')
  expect(ids(liveFirst([ended, a, old, b], undefined))).toBe('baxy')
  expect(ids(liveFirst([ended, a, old], [b, a]))).toBe('baxy')
  // One that is told of no more stays where it stands until its page is read again.
  expect(ids(liveFirst([ended, a, old], [b]))).toBe('bxay')
})
