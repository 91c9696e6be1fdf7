import { create, type Player, type Source } from 'asciinema-player'
import 'asciinema-player/dist/bundle/asciinema-player.css'
import type { Cast, CastEvent } from './cast'

type Dispatch = (event: 'output' | 'play' | 'reset' | 'resize' | 'seeked', data?: unknown) => void

/**
 * Shows the screen of a recording at any time. The player is only ever told where to stand: moving forward feeds it
 * just the events in between, so our own clock can drive it frame by frame, and speed and the skipping of idle time
 * need not be known to it. The recording may grow while it is shown.
 */
export class TerminalDriver {
  private readonly player: Player
  private wantedMs: number | undefined
  private moving = false

  /** `onShown` is called once, when the first picture has been drawn in its final size. */
  constructor(cast: Cast, container: HTMLElement, private onShown: (() => void) | undefined) {
    // The player takes a function that feeds it, as it does itself with each kind of source that it knows.
    const source = ({ dispatch }: { dispatch: Dispatch }) => new Feed(cast, dispatch)
    this.player = create(
      source as unknown as Source,
      container,
      {
        controls: false,
        cols: cast.columns,
        rows: cast.rows,
        fit: 'both',
        cursorMode: 'steady',
        theme: 'asciinema',
        terminalFontFamily: 'ui-monospace, "Cascadia Code", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      },
    )
  }

  /** Goes to a time. Calls that come while it is still moving replace each other. */
  show(atMs: number): void {
    this.wantedMs = atMs
    if (!this.moving) void this.move()
  }

  dispose(): void {
    this.wantedMs = undefined
    this.player.dispose()
  }

  private async move(): Promise<void> {
    this.moving = true
    while (this.wantedMs !== undefined) {
      const atMs = this.wantedMs
      this.wantedMs = undefined
      await this.player.seek(atMs)
      this.tellShown()
    }
    this.moving = false
  }

  private tellShown(): void {
    const { onShown } = this
    if (!onShown) return
    this.onShown = undefined
    // The player measures itself in one frame and draws in the next.
    requestAnimationFrame(() => requestAnimationFrame(onShown))
  }
}

/** Feeds a terminal with the events of a recording. */
class Feed {
  /** The next event to be fed. */
  private next = 0
  private shownMs = -1

  constructor(
    private readonly cast: Cast,
    private readonly dispatch: Dispatch,
  ) {}

  init(): void {
    // Takes the large button away that the player begins with.
    this.dispatch('play')
    this.reset()
  }

  play = () => true
  pause = () => true

  seek(atMs: number): boolean {
    if (atMs < this.shownMs) this.reset()
    this.shownMs = atMs
    let written = ''
    const flush = () => {
      if (written !== '') this.dispatch('output', written)
      written = ''
    }
    // By its place and not by its time: what comes late in a recording that grows is shown all the same.
    for (; this.next < this.cast.events.length; this.next += 1) {
      const [eventMs, code, data] = this.cast.events[this.next] as CastEvent
      if (eventMs > atMs) break
      if (code === 'o') written += data
      else if (code === 'r') {
        flush()
        this.resize(data)
      }
    }
    flush()
    this.dispatch('seeked')
    return true
  }

  private reset(): void {
    this.next = 0
    this.dispatch('reset', { size: { cols: this.cast.columns, rows: this.cast.rows }, theme: null })
  }

  private resize(data: string): void {
    const [cols, rows] = data.split('x').map(Number)
    if (cols && rows) this.dispatch('resize', { cols, rows })
  }
}
