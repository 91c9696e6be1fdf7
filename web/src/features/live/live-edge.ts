/**
 * Where the end of a session that goes on is now. Between two events it moves with time: nothing has happened since the
 * last one, as far as is known here.
 */
export class LiveEdge {
  private offsetMs = 0
  private sinceMs: number

  constructor(private readonly clock: () => number = () => performance.now()) {
    this.sinceMs = clock()
  }

  now(): number {
    return Math.floor(this.offsetMs + (this.clock() - this.sinceMs))
  }

  /** The session has come so far. What came late does not move the end back. */
  reached(offsetMs: number): void {
    const nowMs = this.clock()
    if (offsetMs <= this.offsetMs + (nowMs - this.sinceMs)) return
    this.offsetMs = offsetMs
    this.sinceMs = nowMs
  }
}

type Times = { atMs: number; recordedMs: number; arrivedMs: number; oneWayMs: number }

/**
 * How long after it happened something is shown. The clock of this browser may be wrong by any amount, so the way from
 * the server is taken to be as long as the quickest one so far, which a question there and back has measured.
 */
export class LiveDelay {
  private quickestMs = Infinity

  of({ atMs, recordedMs, arrivedMs, oneWayMs }: Times): number {
    const wayMs = arrivedMs - recordedMs
    this.quickestMs = Math.min(this.quickestMs, wayMs)
    return Math.max(0, recordedMs - atMs) + (wayMs - this.quickestMs) + oneWayMs
  }
}
