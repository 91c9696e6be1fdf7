import { expect, test } from 'vitest'
import {
  covers,
  footingAt,
  isToBeLoaded,
  mayPlay,
  secondsAt,
  skippedIdles,
  sourceOf,
  timeAt,
  type Source,
} from './source'
import type { Clip, Media, Product } from './use-media'

const source: Source = { url: '/video.webm', startMs: 1_500, endMs: 61_500, isGrowing: false }
const clip = (startMs: number, endMs: number): Clip => ({
  number: 1,
  url: '/video.webm?clip=1',
  source: 'agent',
  codec: 'vp8',
  width: 800,
  height: 600,
  startMs,
  endMs,
  frames: 10,
  bytes: 1,
})
const video = {
  url: '/video.webm',
  codec: 'vp8',
  width: 800,
  height: 600,
  startMs: 1_500,
  durationMs: 60_000,
  frames: 10,
  bytes: 1,
  isLive: false,
}
const product = (kind: Product['kind'], state: Product['state']): Product => ({
  kind,
  state,
  progressPermille: null,
  changedAt: '',
  reason: null,
  url: kind === 'MP4' && state === 'COMPLETED' ? '/video.mp4' : null,
  bytes: null,
  durationMs: 60_000,
  startMs: 1_500,
})
const mediaWith = (part: Partial<Media>): Media => ({
  video,
  clips: [],
  clipsZipUrl: null,
  products: [],
  keyframesMs: [],
  problems: [],
  ...part,
})
const playsAll = () => 'probably'
const playsNone = () => ''

test('a time of the session is a time of the file, and the same when it is read back', () => {
  const cases: [number, number][] = [
    [1_500, 0.0005],
    [1_501, 0.0015],
    [31_009, 29.5095],
    [0, 0.0005], // before the footage: its first picture
    [99_999, 60.0005], // behind it: its last
  ]
  for (const [atMs, want] of cases) expect(secondsAt(source, atMs), String(atMs)).toBeCloseTo(want, 9)
  for (let atMs = 1_500; atMs < 61_500; atMs += 7) expect(Math.floor(timeAt(source, secondsAt(source, atMs)))).toBe(atMs)
  expect([1_499, 1_500, 61_499, 61_500].map((atMs) => covers(source, atMs))).toEqual([false, true, true, false])
})

test('what was captured is played before what was made of it, and only what can be', () => {
  const mp4 = mediaWith({ products: [product('MP4', 'COMPLETED')] })
  const cases: [string, Media, (type: string) => string, string[], string | undefined][] = [
    ['captured', mp4, playsAll, [], '/video.webm'],
    ['no such codec', mp4, playsNone, [], '/video.mp4'],
    ['given up on', mp4, playsAll, ['/video.webm'], '/video.mp4'],
    ['both given up on', mp4, playsAll, ['/video.webm', '/video.mp4'], undefined],
    ['not made yet', mediaWith({ products: [product('MP4', 'WORKING')] }), playsNone, [], undefined],
    ['only an MP4', mediaWith({ video: null, products: [product('MP4', 'COMPLETED')] }), playsAll, [], '/video.mp4'],
    ['nothing', mediaWith({ video: null }), playsAll, [], undefined],
  ]
  for (const [name, media, can, refused, want] of cases) {
    expect(sourceOf(media, 90_000, can, refused)?.url, name).toBe(want)
  }
  expect(sourceOf(mp4, 90_000, playsNone, [])).toMatchObject({ startMs: 1_500, endMs: 61_500 })
})

test('a file that still grows is taken as of a moment', () => {
  const live = mediaWith({ video: { ...video, url: '/video.webm?until_ms=61500', isLive: true } })
  expect(sourceOf(live, 0, playsAll, [])).toEqual({ ...source, url: '/video.webm?until_ms=61500', isGrowing: true })
  const encoded = mediaWith({ products: [product('VIDEO', 'WORKING')] })
  expect(sourceOf(encoded, 0, playsAll, [])).toEqual({ ...source, url: '/video.webm?until_ms=61500', isGrowing: true })
})

test('codecs that nobody can be asked about are tried', () => {
  expect(mayPlay('vp9', (type) => (type.includes('vp9') ? 'maybe' : ''))).toBe(true)
  expect(mayPlay('vp8', playsNone)).toBe(false)
  expect(mayPlay('h264', playsNone)).toBe(true)
})

test('a newer file is loaded when what is wanted is not in the one that plays', () => {
  const newer = { ...source, url: '/video.webm?until_ms=64500', endMs: 64_500 }
  const cases: [string, Source | undefined, Source, number, boolean][] = [
    ['none yet', undefined, source, 0, true],
    ['the same', source, source, 61_500, false],
    ['in the middle', source, newer, 30_000, false],
    ['near the end', source, newer, 61_460, true],
    ['sought behind it', source, newer, 63_000, true],
    ['the MP4', source, { ...source, url: '/video.mp4' }, 0, true],
  ]
  for (const [name, playing, latest, atMs, want] of cases) {
    expect(isToBeLoaded(playing, latest, atMs), name).toBe(want)
  }
})

test('idle stretches are skipped once changes were measured, and not before the pause is seen', () => {
  const idles = [
    { fromMs: 0, toMs: 9_000 },
    { fromMs: 20_000, toMs: 20_900 },
  ]
  expect(skippedIdles(idles, mediaWith({}))).toEqual([])
  expect(skippedIdles(idles, mediaWith({ products: [product('THUMBNAILS', 'WORKING')] }))).toEqual([])
  const measured = mediaWith({ products: [product('THUMBNAILS', 'COMPLETED')] })
  expect(skippedIdles(idles, measured)).toEqual([{ fromMs: 1_000, toMs: 9_000 }])
})

test('where there is no footage, it is told where it goes on', () => {
  const clips = [clip(1_500, 10_000), clip(11_000, 20_000), clip(40_000, 61_500)]
  const cases: [number, object][] = [
    [0, { where: 'before', nextMs: 1_500 }],
    [5_000, { where: 'footage' }],
    [10_500, { where: 'footage' }], // a second without a frame is nothing missing
    [20_000, { where: 'footage' }],
    [30_000, { where: 'gap', nextMs: 40_000 }],
    [50_000, { where: 'footage' }],
    [62_000, { where: 'footage' }],
    [70_000, { where: 'after' }],
  ]
  for (const [atMs, want] of cases) expect(footingAt(source, clips, atMs), String(atMs)).toEqual(want)
})
