import type { Playback, PlaybackEvent } from './playback'
import { largeStepMs, smallStepMs } from './seek-keys'
import { fasterThan, nextTime, previousTime, slowerThan } from './timeline'

export type Shortcut = {
  keys: readonly string[]
  does: string
  /** The event to send; undefined when there is nowhere to go. */
  event: (playback: Playback, eventTimes: readonly number[]) => PlaybackEvent | undefined
}

const seekBy = (byMs: number) => (playback: Playback): PlaybackEvent => ({
  type: 'seek',
  toMs: playback.positionMs + byMs,
})
/** Steps are for looking closely: they pause. */
const openAt = (atMs: number | undefined): PlaybackEvent | undefined =>
  atMs === undefined ? undefined : { type: 'open', atMs }

export const shortcuts: readonly Shortcut[] = [
  { keys: [' ', 'k'], does: 'Play or pause', event: () => ({ type: 'toggle' }) },
  { keys: ['j'], does: 'Back 10 seconds', event: seekBy(-largeStepMs) },
  { keys: ['l'], does: 'Forward 10 seconds', event: seekBy(largeStepMs) },
  { keys: ['ArrowLeft'], does: 'Back 5 seconds', event: seekBy(-smallStepMs) },
  { keys: ['ArrowRight'], does: 'Forward 5 seconds', event: seekBy(smallStepMs) },
  { keys: [','], does: 'Previous event on the screen', event: (p, times) => openAt(previousTime(times, p.positionMs)) },
  { keys: ['.'], does: 'Next event on the screen', event: (p, times) => openAt(nextTime(times, p.positionMs)) },
  { keys: ['Home', '0'], does: 'To the start', event: () => ({ type: 'seek', toMs: 0 }) },
  { keys: ['End'], does: 'To the end', event: (p) => ({ type: 'seek', toMs: p.durationMs }) },
  { keys: ['['], does: 'Slower', event: (p) => ({ type: 'setSpeed', speed: slowerThan(p.speed) }) },
  { keys: [']'], does: 'Faster', event: (p) => ({ type: 'setSpeed', speed: fasterThan(p.speed) }) },
  {
    keys: ['i'],
    does: 'Skip idle time, or not',
    event: (p) => ({ type: 'setSkipsIdle', skipsIdle: !p.skipsIdle }),
  },
]

export function shortcutFor(key: string): Shortcut | undefined {
  const wanted = key.length === 1 ? key.toLowerCase() : key
  return shortcuts.find((shortcut) => shortcut.keys.includes(wanted))
}
