import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startingAt } from '../player/playback'
import { PlaybackStore } from '../player/playback-store'
import type { Source } from './source'
import { VideoDriver } from './video-driver'

/** As much of a video as the driver uses: it plays when told to, and is where it was sent at once. */
class FakeVideo extends EventTarget {
  readonly HAVE_METADATA = 1
  readonly HAVE_CURRENT_DATA = 2
  src = ''
  readyState = 0
  paused = true
  ended = false
  seeking = false
  playbackRate = 1
  defaultPlaybackRate = 1
  videoWidth = 0
  sought: number[] = []
  private at = 0

  get currentTime() {
    return this.at
  }
  set currentTime(seconds: number) {
    this.at = seconds
    this.sought.push(seconds)
    this.seeking = true
    this.ended = false
  }
  /** What it was sent to has come. */
  arrive() {
    this.seeking = false
    this.dispatchEvent(new Event('seeked'))
  }
  load() {
    this.readyState = 4
    this.paused = true
    this.ended = false
    this.dispatchEvent(new Event('loadedmetadata'))
  }
  playTo(seconds: number, ended = false) {
    this.at = seconds
    this.ended = ended
    if (ended) this.paused = true
  }
  play() {
    this.paused = false
    return Promise.resolve()
  }
  pause() {
    this.paused = true
  }
  removeAttribute() {}
}

const source: Source = { url: '/video.webm', startMs: 1_000, endMs: 11_000, isGrowing: false }

function open(given: Partial<Source> = {}, durationMs = 20_000, idles: { fromMs: number; toMs: number }[] = []) {
  const store = new PlaybackStore(startingAt(5_000, durationMs))
  const video = new FakeVideo()
  const reports = {
    onShown: vi.fn<() => void>(),
    onBusy: vi.fn<(isBusy: boolean) => void>(),
    onFailed: vi.fn<(url: string) => void>(),
  }
  const still = { hidden: true } as HTMLCanvasElement
  const driver = new VideoDriver(video as unknown as HTMLVideoElement, still, store, reports)
  driver.offer({ ...source, ...given })
  video.load()
  video.arrive()
  store.send({ type: 'loaded', durationMs, idles })
  return { store, video, driver, reports }
}

const frame = () => vi.advanceTimersByTime(16)

beforeEach(() => vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'cancelAnimationFrame', 'performance'] }))
afterEach(() => vi.useRealTimers())

test('it opens at the position, and the video is the clock while it plays', () => {
  const { store, video, reports } = open()
  expect(video.sought).toEqual([4.0005])
  expect(reports.onShown).toHaveBeenCalledOnce()
  store.send({ type: 'play' })
  expect(video.paused).toBe(false)
  video.playTo(4.5)
  frame()
  expect(store.get()).toMatchObject({ phase: 'playing', positionMs: 5_500 })
  frame()
  expect(store.get().positionMs).toBe(5_500)
  expect(video.sought).toHaveLength(1)
  store.send({ type: 'pause' })
  expect(video.paused).toBe(true)
})

test('of many places asked for while it is on its way to one, it goes to the last', () => {
  const { store, video } = open()
  for (const toMs of [2_000, 3_000, 4_000]) store.send({ type: 'seek', toMs })
  expect(video.sought).toEqual([4.0005, 1.0005])
  video.arrive()
  expect(video.sought).toEqual([4.0005, 1.0005, 3.0005])
  video.arrive()
  expect(video.sought).toHaveLength(3)
})

test('idle stretches are jumped over', () => {
  const { store, video } = open({}, 20_000, [{ fromMs: 6_000, toMs: 9_000 }])
  store.send({ type: 'play' })
  video.playTo(5.01)
  frame()
  expect(store.get().positionMs).toBe(9_000)
  expect(video.sought.at(-1)).toBe(8.0005)
})

test('where there is no footage, time passes without it', () => {
  const { store, video } = open()
  store.send({ type: 'play' })
  video.playTo(10, true)
  frame()
  expect(store.get()).toMatchObject({ phase: 'playing', positionMs: 11_000 })
  const sought = video.sought.length
  frame()
  video.arrive()
  frame()
  expect(store.get().positionMs).toBeGreaterThan(11_000)
  expect(video.sought.length).toBeLessThanOrEqual(sought + 1)
  expect(video.paused).toBe(true)
})

test('at the end of what there is so far it waits, and goes on where it was when more has come', () => {
  const { store, video, driver } = open({ isGrowing: true, url: '/video.webm?until_ms=11000' }, 11_000)
  store.send({ type: 'play' })
  video.playTo(10, true)
  for (let n = 0; n < 3; n += 1) frame()
  expect(store.get()).toMatchObject({ phase: 'playing', positionMs: 10_999 })

  driver.offer({ ...source, isGrowing: true, url: '/video.webm?until_ms=14000', endMs: 14_000 })
  expect(video.src).toBe('/video.webm?until_ms=14000')
  video.load()
  expect(video.sought.at(-1)).toBeCloseTo(9.9995, 9)
  store.send({ type: 'loaded', durationMs: 14_000, idles: [] })
  video.arrive()
  expect(video.paused).toBe(false)
})

test('speed is kept when another file is loaded, and failures are told', () => {
  const { store, video, driver, reports } = open()
  store.send({ type: 'setSpeed', speed: 4 })
  expect(video.playbackRate).toBe(4)
  driver.offer({ ...source, url: '/video.mp4' })
  expect([video.src, video.defaultPlaybackRate]).toEqual(['/video.mp4', 4])
  video.dispatchEvent(new Event('error'))
  expect(reports.onFailed).toHaveBeenCalledWith('/video.mp4')
})
