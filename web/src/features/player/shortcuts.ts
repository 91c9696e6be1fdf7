import type { Playback, PlaybackEvent } from './playback'
import { largeStepMs, smallStepMs } from './seek-keys'
import type { Steps } from './steps'
import { fasterThan, slowerThan } from './timeline'

/** What keys do beside moving the playback. */
export type Action = 'fullscreen' | 'mark' | 'still' | 'clip' | 'link' | 'next-moment' | 'previous-moment' | 'help'

export type Shortcut = { keys: readonly string[]; does: string } & (
  | {
      /** The event to send; undefined when there is nowhere to go. */
      event: (playback: Playback, steps: Steps) => PlaybackEvent | undefined
    }
  | { action: Action }
)

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
  { keys: [','], does: 'Previous frame, or event on the screen', event: (p, steps) => openAt(steps.previous(p.positionMs)) },
  { keys: ['.'], does: 'Next frame, or event on the screen', event: (p, steps) => openAt(steps.next(p.positionMs)) },
  { keys: ['<'], does: 'Previous moment of the timeline', action: 'previous-moment' },
  { keys: ['>'], does: 'Next moment of the timeline', action: 'next-moment' },
  { keys: ['Home', '0'], does: 'To the start', event: () => ({ type: 'seek', toMs: 0 }) },
  { keys: ['End'], does: 'To the end', event: (p) => ({ type: 'seek', toMs: p.durationMs }) },
  { keys: ['['], does: 'Slower', event: (p) => ({ type: 'setSpeed', speed: slowerThan(p.speed) }) },
  { keys: [']'], does: 'Faster', event: (p) => ({ type: 'setSpeed', speed: fasterThan(p.speed) }) },
  {
    keys: ['i'],
    does: 'Skip idle time, or not',
    event: (p) => ({ type: 'setSkipsIdle', skipsIdle: !p.skipsIdle }),
  },
  { keys: ['f'], does: 'Full screen, or back', action: 'fullscreen' },
  { keys: ['m'], does: 'Marker: a comment at this moment', action: 'mark' },
  { keys: ['c'], does: 'Copy a link to this moment', action: 'link' },
  { keys: ['s'], does: 'Still: the picture of this moment as a file', action: 'still' },
  { keys: ['x'], does: 'Clip: a part as a file', action: 'clip' },
  { keys: ['?'], does: 'This list', action: 'help' },
]

export function shortcutFor(key: string): Shortcut | undefined {
  const wanted = key.length === 1 ? key.toLowerCase() : key
  return shortcuts.find((shortcut) => shortcut.keys.includes(wanted))
}
