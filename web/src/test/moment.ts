import type { Moment } from '../features/timeline/pages'

let count = 0

/** A moment with what a test is about, and an id of its own. */
export function momentOf(given: Partial<Moment>): Moment {
  count += 1
  return {
    id: `${count}.0`,
    kind: 'COMMAND',
    offsetMs: 0,
    startMs: given.offsetMs ?? 0,
    at: '2026-11-21T09:30:00.000000Z',
    text: '',
    redacted: false,
    app: null,
    cwd: null,
    exitStatus: null,
    durationMs: null,
    ...given,
  }
}
