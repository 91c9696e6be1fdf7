import type { Clip } from '../video/use-media'
import { nextTime, previousTime } from './timeline'

/** What the smallest step is, and where it leads; undefined where there is nowhere to go. */
export type Steps = {
  readonly unit: 'event' | 'frame'
  readonly next: (atMs: number) => number | undefined
  readonly previous: (atMs: number) => number | undefined
}

/** Steps from one time to the next. */
export function stepsThrough(times: readonly number[]): Steps {
  return {
    unit: 'event',
    next: (atMs) => nextTime(times, atMs),
    previous: (atMs) => previousTime(times, atMs),
  }
}

/** The shortest step: more frames a second are not recorded of screens. */
const frameMsMin = 1000 / 120

/**
 * Steps from frame to frame. Recorders take them at a steady pace: how far one is from the next follows from how many
 * there are. Between clips a step leads from one to the other.
 */
export function framesOf(clips: readonly Pick<Clip, 'startMs' | 'endMs' | 'frames'>[]): Steps {
  const pace = ({ startMs, endMs, frames }: (typeof clips)[number]) =>
    Math.max(frameMsMin, frames > 1 ? (endMs - startMs) / (frames - 1) : 1000)
  return {
    unit: 'frame',
    next: (atMs) => {
      const clip = clips.findLast(({ startMs }) => startMs <= atMs)
      const following = clips.find(({ startMs }) => startMs > atMs)?.startMs
      if (!clip) return following
      const step = pace(clip)
      const index = Math.floor((atMs - clip.startMs) / step + 0.01) + 1
      const next = Math.ceil(clip.startMs + index * step)
      return next <= clip.endMs ? next : following
    },
    previous: (atMs) => {
      const clip = clips.findLast(({ startMs }) => startMs < atMs)
      if (!clip) return undefined
      if (atMs > clip.endMs) return clip.endMs
      const step = pace(clip)
      const index = Math.ceil((atMs - clip.startMs) / step - 0.01) - 1
      return Math.max(clip.startMs, Math.ceil(clip.startMs + index * step))
    },
  }
}
