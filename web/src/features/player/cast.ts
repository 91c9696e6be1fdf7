/** One event of a recording: milliseconds from its start, code, data. */
export type CastEvent = readonly [atMs: number, code: string, data: string]

export type Cast = {
  columns: number
  rows: number
  /** In the order of time. There come more at the end while a session goes on. */
  events: CastEvent[]
  durationMs: number
}

/**
 * Times are cut to whole milliseconds, because `?t=` and all offsets of the server are: an event at 51.5062 s
 * is on the screen "at 51 506 ms", in the player as in the server's own screens. Going by way of microseconds
 * keeps 1.009 s, which times 1000 is 1008.99…, at 1009.
 */
export function wholeMs(seconds: number): number {
  return Math.floor(Math.round(seconds * 1e6) / 1000)
}

/** Reads asciicast v2. Lines cut short at the end, as of a session still running, are left out. */
export function parseCast(text: string): Cast {
  const lines = text.split('\n')
  const header = JSON.parse(lines[0] ?? '') as { width: number; height: number }
  const events: CastEvent[] = []
  for (const line of lines.slice(1)) {
    if (line.trim() === '') continue
    const event = parseEvent(line)
    if (event) events.push(event)
  }
  return {
    columns: header.width,
    rows: header.height,
    events,
    durationMs: events.at(-1)?.[0] ?? 0,
  }
}

function parseEvent(line: string): CastEvent | undefined {
  try {
    const [seconds, code, data] = JSON.parse(line) as [number, string, string]
    return [wholeMs(seconds), code, data]
  } catch {
    return undefined
  }
}

/** Times at which something can be seen to happen: what "previous" and "next event" step through. */
export function visibleTimes(cast: Cast): number[] {
  const times: number[] = []
  for (const [atMs, code] of cast.events) {
    if (code !== 'i' && atMs !== times.at(-1)) times.push(atMs)
  }
  return times
}
