import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const segmentsFolder = join(import.meta.dirname, '../../data/segments')
export const readSegment = (number: number) =>
  readFile(join(segmentsFolder, `${String(number).padStart(3, '0')}.webm`))

type Said = { atMs: number; type: string; data: object }

/** A recorder, as simple as one can be: see `docs/ingest.md`. All times are milliseconds from the session's start. */
export class Recorder {
  private readonly versions = new Map<string, number>()

  private constructor(
    readonly session: string,
    private readonly token: string,
    private readonly startMs: number,
  ) {}

  static async launch(
    request: { user: string; protocol: string; title: string },
    startMs = Date.parse('2026-11-21T09:30:00Z'),
  ): Promise<Recorder> {
    const headers = { authorization: `Bearer ${process.env.RETRACE_RECORDER_TOKEN ?? ''}` }
    const launched = (await send('POST', '/v1/sessions', headers, {
      at: new Date(startMs).toISOString(),
      ...request,
    })) as { session: string; uploadToken: string }
    return new Recorder(launched.session, launched.uploadToken, startMs)
  }

  async say(source: string, ...said: Said[]): Promise<void> {
    const first = this.versions.get(source) ?? 0
    const at = (ms: number) => new Date(this.startMs + ms).toISOString()
    const lines = said.map(({ atMs, type, data }) => `${JSON.stringify({ at: at(atMs), data, type })}\n`).join('')
    await send('POST', `${this.path(source)}/events?first=${first}`, this.headers('application/x-ndjson'), lines)
    this.versions.set(source, first + said.length)
  }

  /** Uploads a second of footage that begins at a time. */
  async capture(atMs: number, bytes: Buffer): Promise<void> {
    const blob = createHash('sha256').update(bytes).digest('hex')
    const path = `/v1/sessions/${this.session}/blobs/${blob}`
    await send('PUT', path, this.headers('application/octet-stream'), bytes)
    const at = (ms: number) => new Date(this.startMs + ms).toISOString()
    const piece = { codec: 'vp8', mediaType: 'video/webm', frameCount: 10, blob, bytes: bytes.length }
    const data = { ...piece, firstAt: at(atMs), lastAt: at(atMs + 900) }
    await this.say('screen', { atMs: atMs + 900, type: 'frames.captured', data })
  }

  async end(atMs: number): Promise<void> {
    await this.say('screen', { atMs, type: 'session.ended', data: { reason: 'user' } })
  }

  /** Fetches what is asked of it. Answers the versions of the messages in the control stream. */
  async requests(): Promise<number[]> {
    const response = await fetch(`${process.env.RETRACE_URL ?? ''}/v1/sessions/${this.session}/control`, {
      headers: this.headers('text/plain'),
    })
    let heard = ''
    for await (const piece of response.body ?? []) {
      heard += new TextDecoder().decode(piece as Uint8Array)
      const messages = heard.split('\n\n').filter((message) => message.includes('event: session.message_sent'))
      if (messages.length === 0) continue
      // What it has heard counts as delivered once the server has handed out all there is.
      await new Promise((done) => setTimeout(done, 500))
      return messages.map((message) => Number(/^id: (\d+)/m.exec(message)?.[1]))
    }
    throw new Error('the control channel ended before it said anything')
  }

  private path = (source: string) => `/v1/sessions/${this.session}/streams/${source}`
  private headers = (type: string) => ({ authorization: `Bearer ${this.token}`, 'content-type': type })
}

async function send(method: string, path: string, headers: object, body: object | string | Buffer): Promise<unknown> {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
  const response = await fetch(`${process.env.RETRACE_URL ?? ''}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: isRaw ? new Uint8Array(Buffer.from(body as string)) : JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json().catch(() => undefined)
}
