import { expect, test } from 'vitest'
import { startingAt, step } from './playback'
import { seekKeyTarget } from './seek-keys'
import { shortcutFor, shortcuts } from './shortcuts'
import { stepsThrough } from './steps'

const paused = step(startingAt(20_000, 60_000), { type: 'loaded', durationMs: 60_000, idles: [] })
const times = stepsThrough([10_000, 20_000, 30_000])
const eventOf = (key: string, steps = times) => {
  const shortcut = shortcutFor(key)
  return shortcut && 'event' in shortcut ? shortcut.event(paused, steps) : undefined
}

test('keys and what they send', () => {
  const cases: [string, object | undefined][] = [
    [' ', { type: 'toggle' }],
    ['K', { type: 'toggle' }],
    ['j', { type: 'seek', toMs: 10_000 }],
    ['l', { type: 'seek', toMs: 30_000 }],
    ['ArrowRight', { type: 'seek', toMs: 25_000 }],
    [',', { type: 'open', atMs: 10_000 }],
    ['.', { type: 'open', atMs: 30_000 }],
    [']', { type: 'setSpeed', speed: 1.5 }],
    ['i', { type: 'setSkipsIdle', skipsIdle: false }],
    ['End', { type: 'seek', toMs: 60_000 }],
    ['q', undefined],
  ]
  for (const [key, want] of cases) expect(eventOf(key), key).toEqual(want)
})

test('keys that do more than move the playback', () => {
  const cases = [
    ['f', 'fullscreen'],
    ['M', 'mark'],
    ['c', 'link'],
    ['s', 'still'],
    ['x', 'clip'],
    ['<', 'previous-moment'],
    ['>', 'next-moment'],
    ['?', 'help'],
  ] as const
  for (const [key, action] of cases) expect(shortcutFor(key), key).toMatchObject({ action })
})

test('no key has two meanings', () => {
  const keys = shortcuts.flatMap((shortcut) => shortcut.keys)
  expect(new Set(keys).size).toBe(keys.length)
})

test('stepping where there is no event does nothing', () => {
  expect(eventOf('.', stepsThrough([]))).toBeUndefined()
})

test('keys of the seek bar', () => {
  const cases: [string, number | undefined][] = [
    ['ArrowUp', 25_000],
    ['ArrowDown', 15_000],
    ['PageUp', 30_000],
    ['PageDown', 10_000],
    ['Home', 0],
    ['End', 60_000],
    ['x', undefined],
  ]
  for (const [key, want] of cases) expect(seekKeyTarget(key, 20_000, 60_000), key).toBe(want)
  expect(seekKeyTarget('PageUp', 0, 600_000)).toBe(60_000)
  expect(seekKeyTarget('ArrowLeft', 1_000, 60_000)).toBe(0)
})
