import { expect, test } from 'vitest'
import { momentOf } from '../../test/moment'
import { covers, firstPageAt, pageAfter, pageBefore, pageSize, rowsAdded, type PageAt, type TimelinePage } from './pages'

const pageOf = (has: Partial<TimelinePage>): TimelinePage => ({
  moments: [],
  hasNextPage: false,
  hasPreviousPage: false,
  startCursor: 'start',
  endCursor: 'end',
  ...has,
})
const next = { after: 'end', first: pageSize }
const previous = { before: 'start', last: pageSize }

test('a timeline opens at its beginning, or around a time', () => {
  expect(firstPageAt(0)).toEqual({ first: pageSize })
  expect(firstPageAt(51_506)).toEqual({ toMs: 51_507, last: pageSize })
})

test('pages lead to each other, whichever way they were read', () => {
  const cases: [string, Partial<TimelinePage>, PageAt, PageAt | undefined, PageAt | undefined][] = [
    ['the only one', {}, { first: 100 }, undefined, undefined],
    ['the first', { hasNextPage: true }, { first: 100 }, next, undefined],
    ['one read on', { hasNextPage: true }, { after: 'x', first: 100 }, next, previous],
    ['the last', {}, { after: 'x', first: 100 }, undefined, previous],
    // It does not say whether something follows: it was asked for what is before.
    ['one around a time', { hasPreviousPage: true }, { toMs: 7, last: 100 }, next, previous],
    ['one read back, at the beginning', {}, { before: 'x', last: 100 }, next, undefined],
    ['nothing before a time', { startCursor: null, endCursor: null }, { toMs: 7, last: 100 }, { fromMs: 7, first: 100 }, undefined],
    ['nothing behind a time', { startCursor: null, endCursor: null }, { fromMs: 7, first: 100 }, undefined, undefined],
  ]
  for (const [name, has, at, after, before] of cases) {
    expect([pageAfter(pageOf(has), at), pageBefore(pageOf(has), at)], name).toEqual([after, before])
  }
})

test('a list begins anew when playback leaves what is loaded, and not at the ends of the session', () => {
  const moments = [momentOf({ offsetMs: 1_000 }), momentOf({ offsetMs: 9_000 })]
  const cases: [number, boolean, boolean, boolean][] = [
    [5_000, true, true, true],
    [500, true, true, false],
    [500, false, true, true],
    [9_500, true, true, false],
    [9_500, true, false, true],
  ]
  for (const [atMs, hasPrevious, hasNext, want] of cases) {
    expect(covers(moments, atMs, hasPrevious, hasNext), `${atMs}`).toBe(want)
  }
  expect(covers([], 5_000, true, true)).toBe(true)
})

test('rows that come and go before those in view are counted', () => {
  const [a, b, c, d] = [momentOf({}), momentOf({}), momentOf({}), momentOf({})]
  expect(rowsAdded([c, d], [a, b, c, d])).toBe(2)
  expect(rowsAdded([a, b, c, d], [c, d])).toBe(-2)
  expect(rowsAdded([a, b], [a, b, c])).toBe(0)
  expect(rowsAdded([a, b], [c, d])).toBe(0)
  expect(rowsAdded([], [a])).toBe(0)
})
