import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startingAt } from './playback'
import { PlaybackStore } from './playback-store'

beforeEach(() => vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'cancelAnimationFrame', 'performance'] }))
afterEach(() => vi.useRealTimers())

function openStore() {
  const store = new PlaybackStore(startingAt(0, 60_000))
  store.send({ type: 'loaded', durationMs: 60_000, idles: [] })
  const stop = store.subscribe(() => {})
  return { store, stop }
}

test('time passes only while playing', () => {
  const { store } = openStore()
  vi.advanceTimersByTime(1_000)
  expect(store.get().positionMs).toBe(0)
  store.send({ type: 'play' })
  vi.advanceTimersByTime(1_000)
  expect(store.get().positionMs).toBeGreaterThan(950)
  expect(store.get().positionMs).toBeLessThanOrEqual(1_000)
  store.send({ type: 'pause' })
  const stood = store.get().positionMs
  vi.advanceTimersByTime(1_000)
  expect(store.get().positionMs).toBe(stood)
})

test('the clock stops at the end, and when nobody watches any more', () => {
  const { store, stop } = openStore()
  store.send({ type: 'seek', toMs: 59_900 })
  store.send({ type: 'play' })
  vi.advanceTimersByTime(500)
  expect(store.get().phase).toBe('ended')
  expect(vi.getTimerCount()).toBe(0)
  store.send({ type: 'play' })
  stop()
  expect(vi.getTimerCount()).toBe(0)
})
