import type { PlaybackStore } from '../player/playback-store'
import { covers, isToBeLoaded, secondsAt, timeAt, type Source } from './source'

type Reports = {
  /** The first picture of a file is there. */
  onShown: () => void
  /** It waits for bytes, or stopped waiting. */
  onBusy: (isBusy: boolean) => void
  onFailed: (url: string) => void
}

/**
 * Keeps a video and a playback together. While the video shows the position, it is the clock, and the playback
 * follows it; a position that did not come from the video is sought. Where there is no footage, time passes
 * without it.
 */
export class VideoDriver {
  private playing: Source | undefined
  private latest: Source | undefined
  /** Where the video is to go as soon as it can. */
  private wantedMs: number | undefined
  /** The position that the playback has from here. */
  private toldMs: number | undefined
  /** Where it was last sent to, in seconds of the file, and has not played on from. */
  private stoodAt: number | undefined
  private readonly listening = new AbortController()
  private readonly unsubscribe: () => void

  /** `still` keeps the last picture in view while another file is loaded. */
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly still: HTMLCanvasElement,
    private readonly store: PlaybackStore,
    private readonly reports: Reports,
  ) {
    const on = (type: string, listener: () => void) =>
      video.addEventListener(type, listener, { signal: this.listening.signal })
    on('loadedmetadata', () => this.onReady())
    on('seeked', () => this.onSeeked())
    on('waiting', () => reports.onBusy(true))
    on('seeking', () => reports.onBusy(true))
    on('playing', () => reports.onBusy(false))
    on('canplay', () => reports.onBusy(false))
    on('error', () => this.playing && reports.onFailed(this.playing.url))
    on('click', () => store.send({ type: 'toggle' }))
    this.unsubscribe = store.subscribe(this.follow)
    store.setPacer(this.pace)
  }

  /** The newest file of the footage. It is loaded when what the one before it holds is played out. */
  offer(source: Source): void {
    this.latest = source
    this.follow()
  }

  /** Tries once more what could not be had. */
  reload(): void {
    this.playing = undefined
    this.follow()
  }

  dispose(): void {
    this.listening.abort()
    this.unsubscribe()
    this.store.setPacer(undefined)
    this.video.pause()
    // Gives back the connection, which a video that is only taken away keeps open.
    this.video.removeAttribute('src')
    this.video.load()
  }

  private readonly follow = (): void => {
    const { positionMs, phase, speed } = this.store.get()
    if (!this.latest) return
    if (isToBeLoaded(this.playing, this.latest, positionMs)) this.load(this.latest)
    else if (positionMs !== this.toldMs) this.seek(positionMs)
    if (this.video.playbackRate !== speed) this.video.playbackRate = speed
    const plays = phase === 'playing' && this.playing !== undefined && covers(this.playing, positionMs)
    if (!plays) this.video.pause()
    else if (this.video.paused && !this.video.ended) void this.play()
  }

  private load(source: Source): void {
    this.holdPicture()
    this.playing = source
    // Loading sets the speed back to this.
    this.video.defaultPlaybackRate = this.store.get().speed
    this.video.src = source.url
    this.reports.onBusy(true)
    this.seek(this.store.get().positionMs)
  }

  private seek(toMs: number): void {
    this.toldMs = toMs
    this.wantedMs = toMs
    this.move()
  }

  /** Goes where it is to go. Calls that come while it is on its way replace each other. */
  private move(): void {
    const { video, wantedMs, playing } = this
    if (wantedMs === undefined || !playing || video.readyState < video.HAVE_METADATA || video.seeking) return
    this.wantedMs = undefined
    const seconds = secondsAt(playing, wantedMs)
    // Time that passes outside of the footage leaves it at the picture where it stands.
    if (video.paused && seconds === this.stoodAt) return
    this.stoodAt = seconds
    video.currentTime = seconds
  }

  private onReady(): void {
    this.stoodAt = undefined
    this.move()
    this.follow()
  }

  private onSeeked(): void {
    if (this.wantedMs !== undefined) return this.move()
    this.still.hidden = true
    this.reports.onBusy(false)
    this.reports.onShown()
  }

  private async play(): Promise<void> {
    this.stoodAt = undefined
    try {
      await this.video.play()
    } catch (error) {
      // Being told to pause or to load meanwhile is no refusal.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.store.send({ type: 'pause' })
    }
  }

  private readonly pace = (): number | undefined => {
    const { video, playing, latest } = this
    const { positionMs } = this.store.get()
    if (!playing || !latest) return positionMs
    // At the end of what there is so far it stands, and plays on when more has come.
    const lastMs = latest.isGrowing ? latest.endMs - 1 : undefined
    if (lastMs !== undefined && positionMs >= lastMs) return this.tell(lastMs)
    if (!covers(playing, positionMs)) return undefined
    if (this.wantedMs !== undefined || video.seeking || video.readyState < video.HAVE_CURRENT_DATA) return positionMs
    const atMs = video.ended ? playing.endMs : timeAt(playing, video.currentTime)
    return this.tell(lastMs === undefined ? atMs : Math.min(atMs, lastMs))
  }

  private tell(atMs: number): number {
    this.toldMs = atMs
    return atMs
  }

  private holdPicture(): void {
    const { video, still } = this
    if (video.readyState < video.HAVE_CURRENT_DATA || video.videoWidth === 0) return
    still.width = video.videoWidth
    still.height = video.videoHeight
    still.getContext('2d')?.drawImage(video, 0, 0)
    still.hidden = false
  }
}
