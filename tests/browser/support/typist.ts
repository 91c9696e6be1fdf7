import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OwnServer } from './own-server'

/** Somebody at a terminal of their own (`script` gives it) in which `retrace record` records a shell. */
export class Typist {
  /** All that the terminal showed, what the recorder itself says included. */
  seen = ''
  session = ''

  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly spool: string,
  ) {
    process.stdout.on('data', (data: Buffer) => (this.seen += data.toString()))
  }

  static async begin(server: Pick<OwnServer, 'url' | 'recorderToken'>, facts: Record<string, string>): Promise<Typist> {
    const spool = await mkdtemp(join(tmpdir(), 'retrace-spool-'))
    const options = Object.entries(facts).flatMap(([name, value]) => [`--${name}`, `'${value}'`])
    const command = [OwnServer.binary(), 'record', ...options, '--no-background', '--', 'bash', '--norc', '--noprofile']
    const typist = new Typist(
      spawn('script', ['-q', '-f', '-c', command.join(' '), '/dev/null'], {
        env: {
          ...process.env,
          RETRACE_SERVER: server.url,
          RETRACE_TOKEN: server.recorderToken,
          RETRACE_SPOOL: spool,
          PS1: '$ ',
          TERM: 'xterm-256color',
          HISTFILE: '',
        },
      }),
      spool,
    )
    await typist.type('stty rows 24 cols 80; echo session=$RETRACE_SESSION=')
    typist.session = await typist.sees(/session=([0-9a-f-]{36})=/)
    return typist
  }

  /** A line, and the key that ends it. */
  async type(line: string): Promise<void> {
    this.process.stdin.write(`${line}\n`)
    await new Promise((done) => setTimeout(done, 50))
  }

  /** Waits until the terminal has shown something; answers its first group. */
  async sees(what: RegExp, withinMs = 20_000): Promise<string> {
    const deadline = Date.now() + withinMs
    while (Date.now() < deadline) {
      const found = what.exec(this.seen)
      if (found) return found[1] ?? found[0]
      await new Promise((done) => setTimeout(done, 50))
    }
    throw new Error(`the terminal did not show ${what} within ${withinMs} ms, but: ${this.seen}`)
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null
  }

  async end(): Promise<void> {
    if (!this.hasEnded) {
      const exited = once(this.process, 'exit')
      this.process.stdin.write('exit\n')
      const timer = setTimeout(() => this.process.kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(timer)
    }
    await rm(this.spool, { recursive: true, force: true })
  }
}
