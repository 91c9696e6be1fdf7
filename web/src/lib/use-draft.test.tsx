import { act, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useDraft } from './use-draft'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function renderDraft() {
  const committed: string[] = []
  const hook = renderHook(({ value }) => useDraft(value, (text) => committed.push(text), 200), {
    initialProps: { value: '' },
  })
  const type = (text: string) => act(() => hook.result.current.setText(text))
  const wait = (ms: number) => act(() => vi.advanceTimersByTime(ms))
  return { committed, hook, type, wait }
}

test('typing is committed once it stands still', () => {
  const { committed, type, wait } = renderDraft()
  type('s')
  wait(100)
  type('sudo')
  wait(199)
  expect(committed).toEqual([])
  wait(1)
  expect(committed).toEqual(['sudo'])
  wait(1_000)
  expect(committed).toEqual(['sudo'])
})

test('the answer to an own commit does not undo letters typed since', () => {
  const { hook, type, wait } = renderDraft()
  type('su')
  wait(200)
  type('sudo')
  hook.rerender({ value: 'su' })
  expect(hook.result.current.text).toBe('sudo')
})

test('a URL changed from elsewhere replaces what was typed, also by what was committed before', () => {
  const { hook, type, wait } = renderDraft()
  type('sudo')
  wait(200)
  hook.rerender({ value: 'sudo' })
  hook.rerender({ value: '' })
  expect(hook.result.current.text).toBe('')
  hook.rerender({ value: 'sudo' })
  expect(hook.result.current.text).toBe('sudo')
})

test('Enter commits at once', () => {
  const { committed, hook, type } = renderDraft()
  type('sudo')
  act(() => hook.result.current.commit())
  expect(committed).toEqual(['sudo'])
})
