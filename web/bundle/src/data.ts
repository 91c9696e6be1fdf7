/**
 * What is in the bundle. A page that is opened from a disk may not read the files beside it, but it may run them: so
 * the data are scripts, which call `retraceBundle`.
 */

export type CustodyEntry = {
  position: number
  at: string
  recordedAt: string
  stream: string
  type: string
  data: Record<string, unknown>
}

export type Launched = Partial<Record<'title' | 'user' | 'host' | 'command' | 'target' | 'protocol' | 'site', string>>

export type Policies = Record<'whenItBegan' | 'atThisPosition', { position: number; settings: Record<string, unknown> }>

export type BundleData = {
  session: {
    session: string
    startedAt: string
    endedAt: string | null
    lastEventAt: string | null
    events: number
    launched: Launched | null
    sources: { source: string; attached: { recording?: { name: string } } | null }[]
    ended: { reason?: string } | null
  }
  custody: CustodyEntry[]
  policies: Policies
  position: number
  checkpoint: string
  key: string
  lines: number
  hashes: string[] | null
  video: { src: string; firstUs: number } | null
  hasTerminal: boolean
  redacted: boolean
  withheld: string[]
  absent: string[]
}

export type Moment = { kind: string; atMs: number; text: string }

type Put = (isLast: boolean, items: unknown[]) => void

declare global {
  interface Window {
    retraceBundle: {
      open: (bundle: BundleData) => void
      put: (name: string, number: number, isLast: boolean, items: unknown[]) => void
    }
  }
}

let opened: ((bundle: BundleData) => void) | undefined
const waiting = new Map<string, Put>()

window.retraceBundle = {
  open: (bundle) => opened?.(bundle),
  put: (name, number, isLast, items) => waiting.get(`${name} ${number}`)?.(isLast, items),
}

/** Runs a script beside this page. Rejects when there is none. */
function run(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = src
    script.addEventListener('load', () => {
      script.remove()
      resolve()
    })
    script.addEventListener('error', () => {
      script.remove()
      reject(new Error(`${src} is missing: unpack the whole bundle, and open index.html from there`))
    })
    document.head.append(script)
  })
}

export async function loadBundle(): Promise<BundleData> {
  let bundle: BundleData | undefined
  opened = (data) => {
    bundle = data
  }
  await run('player/data/bundle.js')
  if (!bundle) throw new Error('player/data/bundle.js is not the data of a bundle')
  return bundle
}

/** The items of a list, script by script: in memory is one of them. Nothing when the bundle has no such list. */
export async function* listOf<T>(name: 'cast' | 'events' | 'moments'): AsyncGenerator<T[]> {
  for (let number = 0; ; number += 1) {
    const key = `${name} ${number}`
    let came: { isLast: boolean; items: unknown[] } | undefined
    waiting.set(key, (isLast, items) => {
      came = { isLast, items }
    })
    try {
      await run(`player/data/${name}-${String(number).padStart(6, '0')}.js`)
    } finally {
      waiting.delete(key)
    }
    if (!came) throw new Error(`the data of ${name} are damaged`)
    yield came.items as T[]
    if (came.isLast) return
  }
}

/** The whole list. */
export async function wholeListOf<T>(name: 'cast' | 'moments'): Promise<T[]> {
  const all: T[] = []
  for await (const items of listOf<T>(name)) for (const item of items) all.push(item)
  return all
}
