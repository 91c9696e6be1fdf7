import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from '@playwright/test'

const run = promisify(execFile)
const startsWithinMs = 60_000
const stopsWithinMs = 15_000

/** A server of a test's own, which can be stopped and started again on the same address and data. */
export class OwnServer {
  private process: ChildProcess | undefined

  private constructor(
    readonly data: string,
    readonly port: number,
    readonly token: string,
    readonly recorderToken: string,
  ) {}

  static binary = () => resolve(process.env.RETRACE_BIN ?? '')

  /** Not running yet. `settings` are names with values. */
  static async make(settings: Record<string, string> = {}, recordings: string[] = []): Promise<OwnServer> {
    const data = await mkdtemp(join(tmpdir(), 'retrace-own-'))
    const retrace = async (...args: string[]) => (await run(OwnServer.binary(), args)).stdout.trim()
    const token = await retrace('token', 'create', '--data', data, '--name', 'browser-tests')
    const recorderToken = await retrace('token', 'create', '--data', data, '--name', 'recorder', '--role', 'recorder')
    for (const [name, value] of Object.entries(settings)) await retrace('settings', 'set', '--data', data, name, value)
    if (recordings.length > 0) await retrace('import', '--data', data, ...recordings)
    return new OwnServer(data, await freePort(), token, recorderToken)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.process = spawn(
      OwnServer.binary(),
      ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const deadline = Date.now() + startsWithinMs
    while (Date.now() < deadline) {
      const ready = await fetch(`${this.url}/readyz`).catch(() => undefined)
      if (ready?.status === 200) return
      await new Promise((done) => setTimeout(done, 100))
    }
    throw new Error(`${this.url} was not ready within ${startsWithinMs} ms`)
  }

  async stop(): Promise<void> {
    const { process: server } = this
    this.process = undefined
    if (!server || server.exitCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGTERM')
    const timer = setTimeout(() => server.kill('SIGKILL'), stopsWithinMs)
    await exited
    clearTimeout(timer)
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.data, { recursive: true, force: true })
  }

  async tokenOf(role: string): Promise<string> {
    const args = ['token', 'create', '--data', this.data, '--name', `a ${role}`, '--role', role]
    return (await run(OwnServer.binary(), args)).stdout.trim()
  }

  async signIn(page: Page, token = this.token): Promise<void> {
    await page.request.post(`${this.url}/v1/web-session`, { data: { token } })
  }

  async ask<T>(query: string, variables: object = {}): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown }
    if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`)
    return data
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return address.port
}
