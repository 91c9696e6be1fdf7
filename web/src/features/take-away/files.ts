import type { PlayerView } from '../../lib/paths'
import { revealedUrl } from '../../lib/looking'
import { stringifySearch } from '../../lib/url-state'

/** What is shown as pictures. */
export type Pictured = Exclude<PlayerView, 'text'>

const media = (session: string) => `/v1/sessions/${encodeURIComponent(session)}/media`

/** The picture of a moment, as a PNG to keep. */
export function stillUrl(session: string, shows: Pictured, atMs: number): string {
  const of = shows === 'terminal' ? 'terminal' : undefined
  return revealedUrl(`${media(session)}/still${stringifySearch({ at_ms: atMs, of, download: 1 })}`)
}

export type ClipFormat = 'webm' | 'mp4' | 'gif'
/** What a clip can be had as: of a video as it was captured, of a terminal drawn. */
export const clipFormats: Record<Pictured, readonly ClipFormat[]> = { video: ['webm'], terminal: ['mp4', 'gif', 'webm'] }

/** A part of a session as a file to keep. */
export function clipUrl(session: string, shows: Pictured, format: ClipFormat, fromMs: number, toMs: number): string {
  const file =
    shows === 'video'
      ? `${media(session)}/video.webm${stringifySearch({ from_ms: fromMs, until_ms: toMs, download: 1 })}`
      : `/v1/sessions/${encodeURIComponent(session)}/film.${format}${stringifySearch({ from_ms: fromMs, to_ms: toMs, download: 1 })}`
  return revealedUrl(file)
}

/** Around a moment, within the session. */
export function clipAround(atMs: number, durationMs: number): { fromMs: number; toMs: number } {
  return { fromMs: Math.max(0, atMs - beforeMs), toMs: Math.min(durationMs, atMs + behindMs) }
}

const beforeMs = 10_000
const behindMs = 20_000

/** Hands the picture of a moment to the browser as a file to keep. */
export function takeStill(session: string, shows: Pictured, atMs: number): boolean {
  const link = document.createElement('a')
  link.href = stillUrl(session, shows, atMs)
  link.download = ''
  link.click()
  return true
}
