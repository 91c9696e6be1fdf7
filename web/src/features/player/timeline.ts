/** Arithmetic of playback time. All times are whole milliseconds from the start of the recording. */

/** A stretch of a recording in which nothing happens, and that may be skipped. */
export type Idle = { readonly fromMs: number; readonly toMs: number }

export const defaultIdleLimitMs = 2000
export const speeds = [0.25, 0.5, 1, 1.5, 2, 4, 8, 16] as const

export function clamp(ms: number, durationMs: number): number {
  return Math.min(Math.max(0, Math.floor(ms)), durationMs)
}

/**
 * The idle stretches between events. Each begins `limitMs` after the last event, so that a pause is seen as a
 * pause before it is cut short, and ends at the next event.
 */
export function idleStretches(timesMs: readonly number[], durationMs: number, limitMs: number): Idle[] {
  const idles: Idle[] = []
  let last = 0
  for (const time of [...timesMs, durationMs]) {
    if (time - last > limitMs) idles.push({ fromMs: last + limitMs, toMs: time })
    last = Math.max(last, time)
  }
  return idles
}

/**
 * Where playback stands after `elapsedMs` of playing, given the stretches to jump over. Only playing skips: a
 * position reached by seeking into an idle stretch stays until playback goes on from it.
 */
export function advance(positionMs: number, elapsedMs: number, idles: readonly Idle[]): number {
  let position = positionMs
  let left = elapsedMs
  for (const idle of idles) {
    if (idle.toMs <= position) continue
    const untilIdle = Math.max(0, idle.fromMs - position)
    if (left < untilIdle) break
    left -= untilIdle
    position = idle.toMs
  }
  return position + left
}

/** The stretch that a time lies in. */
export function idleAt(idles: readonly Idle[], atMs: number): Idle | undefined {
  return idles.find((idle) => idle.fromMs <= atMs && atMs < idle.toMs)
}

/** The last index whose time is at or before `atMs`, or -1. `times` are in ascending order. */
export function indexAt(times: readonly number[], atMs: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] as number) <= atMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

export function nextTime(times: readonly number[], positionMs: number): number | undefined {
  return times[indexAt(times, positionMs) + 1]
}

export function previousTime(times: readonly number[], positionMs: number): number | undefined {
  const at = indexAt(times, positionMs)
  return times[times[at] === Math.floor(positionMs) ? at - 1 : at]
}

export function fasterThan(speed: number): number {
  return speeds.find((s) => s > speed) ?? speed
}

export function slowerThan(speed: number): number {
  return speeds.findLast((s) => s < speed) ?? speed
}

/** Where on a bar of the recording's length a time is, as a percentage for CSS. */
export function percent(ms: number, durationMs: number): string {
  return durationMs > 0 ? `${(100 * Math.min(ms, durationMs)) / durationMs}%` : '0%'
}

/** The time under a pointer on that bar. */
export function timeAtFraction(fraction: number, durationMs: number): number {
  return clamp(fraction * durationMs, durationMs)
}
