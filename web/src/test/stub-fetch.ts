import { vi } from 'vitest'

type Answer = { status?: number; body?: unknown; text?: string } | 'no connection'
type Asked = { path: string; init: RequestInit }

/** Answers every request from a function, and keeps what was asked. */
export function stubFetch(answer: (path: string, init: RequestInit) => Answer): Asked[] {
  const asked: Asked[] = []
  vi.stubGlobal('fetch', (path: string, init: RequestInit = {}) => {
    asked.push({ path, init })
    const given = answer(path, init)
    if (given === 'no connection') return Promise.reject(new TypeError('Failed to fetch'))
    const status = given.status ?? 200
    const text = given.text ?? JSON.stringify(given.body ?? {})
    return Promise.resolve(new Response(status === 204 ? null : text, { status }))
  })
  return asked
}

