import { create, type Player, type Recording } from 'asciinema-player'
import 'asciinema-player/dist/bundle/asciinema-player.css'
import type { Cast } from './cast'

/**
 * Shows the screen of a recording at any time. The player is only ever told where to stand: moving it forward
 * while it is paused feeds it just the events in between, so our own clock can drive it frame by frame, and
 * speed and the skipping of idle time need not be known to it.
 */
export class TerminalDriver {
  private readonly player: Player
  private wantedMs: number | undefined
  private moving = false

  /** `onShown` is called once, when the first picture has been drawn in its final size. */
  constructor(cast: Cast, container: HTMLElement, private onShown: (() => void) | undefined) {
    const shown = cast.events.filter(([, code]) => code === 'o' || code === 'r')
    const recording = {
      cols: cast.columns,
      rows: cast.rows,
      // The player ends with its last event and refuses to have none: this one draws nothing, at the true end.
      events: [...shown, [cast.durationMs, 'o', '']],
    }
    this.player = create(
      { data: recording, parser: (data) => data as Recording },
      container,
      {
        controls: false,
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
      // Half a millisecond more, or rounding to seconds and back could leave out an event at this very time.
      await this.player.seek((atMs + 0.5) / 1000)
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
