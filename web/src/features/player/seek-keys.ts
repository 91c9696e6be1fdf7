import { clamp } from './timeline'

export const smallStepMs = 5_000
export const largeStepMs = 10_000
/** A page is a tenth of the recording, but never less than a step. */
const pageOf = (durationMs: number) => Math.max(largeStepMs, durationMs / 10)

/** Where a key pressed on the seek bar leads; undefined for a key that is not its own. */
export function seekKeyTarget(key: string, positionMs: number, durationMs: number): number | undefined {
  const target = {
    ArrowLeft: positionMs - smallStepMs,
    ArrowDown: positionMs - smallStepMs,
    ArrowRight: positionMs + smallStepMs,
    ArrowUp: positionMs + smallStepMs,
    PageDown: positionMs - pageOf(durationMs),
    PageUp: positionMs + pageOf(durationMs),
    Home: 0,
    End: durationMs,
  }[key]
  return target === undefined ? undefined : clamp(target, durationMs)
}
