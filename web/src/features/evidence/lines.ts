import { fromBase64, leafHash } from '../log/merkle'

/** A line of an export: an event, and the hash that is to stand in the log at its position. */
export type Line = {
  position: string
  type: string
  at: string
  stream: string
  version: number
  hash: Uint8Array
  /** What is hidden from this reader is not proved, only that there is such an event. */
  redacted: boolean
  /** The digest of a blob that it tells of. */
  blob: string | undefined
}

type Parsed = {
  position: number
  type: string
  at: string
  stream: string
  version: number
  redacted?: boolean
  leafHash?: string
  data?: { blob?: string }
}

/** Hashes a line. Throws when it is no line of an export. */
export async function readLine(bytes: Uint8Array): Promise<Line> {
  const event = JSON.parse(new TextDecoder().decode(bytes)) as Parsed
  const { type, at, stream, version } = event
  const redacted = event.redacted === true
  const hash = redacted ? fromBase64(event.leafHash ?? '') : await leafHash(bytes)
  if (hash.length !== 32 || typeof event.position !== 'number') throw new Error('this is no line of an export')
  const blob = type === 'frames.captured' ? event.data?.blob : undefined
  return { position: String(event.position), type, at, stream, version, hash, redacted, blob }
}

/** The lines of a body, as the exact bytes, without line ends. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  let rest = new Uint8Array()
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read()
      if (done) break
      let from = 0
      for (let end = value.indexOf(10); end >= 0; end = value.indexOf(10, from)) {
        yield joined(rest, value.subarray(from, end))
        rest = new Uint8Array()
        from = end + 1
      }
      rest = joined(rest, value.subarray(from))
    }
    if (rest.length > 0) yield rest
  } finally {
    void reader.cancel()
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(one.length + other.length)
  bytes.set(one)
  bytes.set(other, one.length)
  return bytes
}
