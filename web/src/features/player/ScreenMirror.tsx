type Props = { atMs: number | undefined; lines: readonly string[] | undefined }

/** The screen as text for those who listen to it: the player's own is drawn line by line and hard to follow. */
export function ScreenMirror({ atMs, lines }: Props) {
  return (
    <section className="visually-hidden" aria-label="Text of the screen" data-testid="screen-text" data-at-ms={atMs}>
      {lines ? lines.join('\n') : 'The text of the screen is shown while playback is paused.'}
    </section>
  )
}
