import { step, type Playback, type PlaybackEvent } from './playback'

/** Says how far something that plays by itself has come; undefined where time alone passes. */
export type Pacer = () => number | undefined

/**
 * Holds a playback and lets time pass in it. Apart from React, because the position changes with every frame
 * drawn and only the few parts that show it should be drawn again.
 */
export class PlaybackStore {
  private readonly listeners = new Set<() => void>()
  private frame: number | undefined
  private lastFrameAt = 0
  private pacer: Pacer | undefined

  constructor(private state: Playback) {}

  readonly get = (): Playback => this.state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0) this.stopClock()
    }
  }

  readonly send = (event: PlaybackEvent): void => {
    const next = step(this.state, event)
    if (next === this.state) return
    this.state = next
    if (next.phase === 'playing') this.startClock()
    else this.stopClock()
    for (const listener of this.listeners) listener()
  }

  /** From now on the position is what the pacer says; without one it is the time that has passed. */
  readonly setPacer = (pacer: Pacer | undefined): void => {
    this.pacer = pacer
  }

  private startClock(): void {
    if (this.frame !== undefined) return
    this.lastFrameAt = performance.now()
    this.frame = requestAnimationFrame(this.onFrame)
  }

  private stopClock(): void {
    if (this.frame === undefined) return
    cancelAnimationFrame(this.frame)
    this.frame = undefined
  }

  private readonly onFrame = (now: number): void => {
    const elapsedMs = Math.max(0, now - this.lastFrameAt)
    this.lastFrameAt = now
    this.frame = requestAnimationFrame(this.onFrame)
    const atMs = this.pacer?.()
    this.send(atMs === undefined ? { type: 'tick', elapsedMs } : { type: 'arrive', atMs })
  }
}
