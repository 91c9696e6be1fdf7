import type { Idle } from '../player/timeline'
import type { Clip, Media, Product } from './use-media'

/** A file that plays, and the part of the session that it shows. */
export type Source = {
  readonly url: string
  readonly startMs: number
  readonly endMs: number
  /** There will be more: at its end playback waits. */
  readonly isGrowing: boolean
}

/**
 * The half millisecond keeps a frame at this very time from being missed when the browser rounds to its own units;
 * cut to whole milliseconds it is gone again.
 */
export function secondsAt({ startMs, endMs }: Source, atMs: number): number {
  const inside = Math.min(Math.max(atMs, startMs), endMs)
  return (Math.floor(inside) - startMs + 0.5) / 1000
}

export function timeAt({ startMs }: Source, seconds: number): number {
  return startMs + seconds * 1000
}

export function covers({ startMs, endMs }: Source, atMs: number): boolean {
  return atMs >= startMs && atMs < endMs
}

/** What a browser knows by name. It says no to H.264 in WebM, too, which some play all the same: there it is tried. */
const mediaTypes: Record<string, string> = {
  vp8: 'video/webm; codecs="vp8"',
  vp9: 'video/webm; codecs="vp9"',
  av1: 'video/webm; codecs="av01.0.08M.08"',
}

/** Whether a browser may be able to play what was captured; when it cannot after all, it says so while it tries. */
export function mayPlay(codec: string, canPlayType: (mediaType: string) => string): boolean {
  const mediaType = mediaTypes[codec]
  return mediaType === undefined || canPlayType(mediaType) !== ''
}

export const productOf = (media: Media, kind: Product['kind']): Product | undefined =>
  media.products.find((product) => product.kind === kind)

export const isUnderWay = (product: Product | undefined): boolean =>
  product?.state === 'REQUESTED' || product?.state === 'WORKING'

/** The file to play: what was captured before the MP4 made of it. `refused` are files that the browser gave up on. */
export function sourceOf(
  media: Media,
  durationMs: number,
  canPlayType: (mediaType: string) => string,
  refused: readonly string[],
): Source | undefined {
  const captured = media.video && capturedSource(media, media.video)
  if (captured && mayPlay(media.video?.codec ?? '', canPlayType) && !isIn(refused, captured)) return captured
  const made = mp4Source(media, durationMs)
  return made && !isIn(refused, made) ? made : undefined
}

const isIn = (refused: readonly string[], source: Source) => refused.includes(fileOf(source.url))

function capturedSource(media: Media, video: NonNullable<Media['video']>): Source {
  const isGrowing = video.isLive || isUnderWay(productOf(media, 'VIDEO'))
  const endMs = video.startMs + video.durationMs
  // While pictures are being encoded the file at this address changes; as of a moment it stays the same.
  const isFixed = !isGrowing || video.url.includes('?')
  return {
    url: isFixed ? video.url : `${video.url}?until_ms=${endMs}`,
    startMs: video.startMs,
    endMs,
    isGrowing,
  }
}

function mp4Source(media: Media, sessionMs: number): Source | undefined {
  const mp4 = productOf(media, 'MP4')
  if (mp4?.state !== 'COMPLETED' || mp4.url === null) return undefined
  const { startMs } = mp4
  const durationMs = mp4.durationMs ?? media.video?.durationMs ?? sessionMs - startMs
  return { url: mp4.url, startMs, endMs: startMs + durationMs, isGrowing: false }
}

/** The file without the moment as of which it is. */
export const fileOf = (url: string): string => url.replace(/\?.*$/, '')

/** A newer file is loaded only when what is wanted lies behind the end of the one that plays: loading interrupts. */
export function isToBeLoaded(playing: Source | undefined, latest: Source, positionMs: number): boolean {
  if (!playing || fileOf(playing.url) !== fileOf(latest.url) || playing.startMs !== latest.startMs) return true
  return latest.endMs > playing.endMs && positionMs >= playing.endMs - endSlackMs
}

/** So near to its end a file is played out. */
const endSlackMs = 50
/** A pause is to be seen as one before it is cut short. */
const pauseShownMs = 1000

/** What may be skipped. Before changes of the screen are measured, all of it would look idle. */
export function skippedIdles(idles: readonly Idle[], media: Media): Idle[] {
  if (productOf(media, 'THUMBNAILS')?.state !== 'COMPLETED') return []
  return idles
    .map(({ fromMs, toMs }) => ({ fromMs: fromMs + pauseShownMs, toMs }))
    .filter(({ fromMs, toMs }) => fromMs < toMs)
}

export type Footing = { where: 'footage' } | { where: 'before' | 'gap'; nextMs: number } | { where: 'after' }

/** Between frames of slow captures, and between clips that follow each other, nothing is missing. */
const gapMs = 5000

/** Whether a time has a picture of its own, or the last one before it is shown. */
export function footingAt(source: Source, clips: readonly Clip[], atMs: number): Footing {
  if (atMs < source.startMs) return { where: 'before', nextMs: source.startMs }
  if (atMs > source.endMs + gapMs) return { where: 'after' }
  const next = clips.find((clip) => clip.startMs > atMs)
  const before = clips.findLast((clip) => clip.startMs <= atMs)
  if (!next || !before || next.startMs - before.endMs <= gapMs || atMs <= before.endMs) return { where: 'footage' }
  return { where: 'gap', nextMs: next.startMs }
}
