import { expect, test } from 'vitest'
import { barsPath } from './strip'
import { visibleRows } from './visible-rows'

test('a bar is drawn for every bucket that holds something', () => {
  expect(barsPath([0, 4, 0, 16], 16, 20, -20)).toBe('M1 20h1v-10h-1zM3 20h1v-20h-1z')
  expect(barsPath([1], 1_000_000, 20, -20)).toBe('M0 20h1v-1.5h-1z')
  expect(barsPath([0, 0], 0, 20, -20)).toBe('')
})

test('only rows in view and some around them are drawn', () => {
  expect(visibleRows(0, 340, 34, 1_000)).toEqual({ first: 0, end: 18 })
  expect(visibleRows(3_400, 340, 34, 1_000)).toEqual({ first: 92, end: 118 })
  expect(visibleRows(3_400, 340, 34, 20)).toEqual({ first: 20, end: 20 })
})
