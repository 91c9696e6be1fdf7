import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)
const startsWithinMs = 60_000
const stopsWithinMs = 15_000

export type RunningServer = {
  url: string
  /** The data folder. */
  data: string
  token: string
  recorderToken: string
  stop: () => Promise<void>
}

/** Starts the real binary on a fresh data folder, after imports with these arguments. */
export async function startServer(binary: string, imports: string[][], name = 'browser-tests'): Promise<RunningServer> {
  const data = await mkdtemp(join(tmpdir(), 'retrace-browser-'))
  const createToken = async (...more: string[]) => {
    const { stdout } = await run(binary, ['token', 'create', '--data', data, '--name', name, ...more])
    return stdout.trim()
  }
  const token = await createToken()
  const recorderToken = await createToken('--role', 'recorder')
  for (const recordings of imports) await run(binary, ['import', '--data', data, ...recordings])
  const server = spawn(binary, ['serve', '--data', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await addressOf(server)
  await ready(url)
  return { url, data, token, recorderToken, stop: () => stop(server, data) }
}

async function addressOf(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('the server has no output to read its address from')
  const lines = createInterface({ input: server.stdout })
  for await (const line of lines) {
    const address = /listening on (http:\/\/\S+)/.exec(line)?.[1]
    if (address) {
      // Keep reading, or the server would block once the pipe is full.
      server.stdout.resume()
      return address
    }
  }
  throw new Error('the server ended before it was listening')
}

async function ready(url: string): Promise<void> {
  const deadline = Date.now() + startsWithinMs
  while (Date.now() < deadline) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined)
    if (response?.status === 200 && caughtUp((await response.json()) as Readiness)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url}/readyz was not ready within ${startsWithinMs} ms`)
}

type Readiness = { projections: { checkpoint: number; logSize: number }[] }

/** Nobody finds what the read models have not seen yet. */
function caughtUp({ projections }: Readiness): boolean {
  return projections.every(({ checkpoint, logSize }) => checkpoint === logSize)
}

async function stop(server: ChildProcess, data: string): Promise<void> {
  if (server.exitCode === null) {
    const exited = once(server, 'exit')
    server.kill('SIGTERM')
    const timer = setTimeout(() => server.kill('SIGKILL'), stopsWithinMs)
    await exited
    clearTimeout(timer)
  }
  await rm(data, { recursive: true, force: true })
}
