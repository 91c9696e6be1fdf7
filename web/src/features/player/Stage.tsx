import { useEffect, useRef, useState } from 'react'
import { HiddenNote } from '../redaction/HiddenNote'
import type { Cast } from './cast'
import type { PlaybackStore } from './playback-store'
import type { TerminalDriver } from './terminal-driver'
import { TerminalText } from './TerminalText'
import { selectPhase, usePlaybackValue } from './use-playback'
import type { PlayedSession } from './use-session'

type Props = {
  session: PlayedSession
  cast: Cast | undefined
  store: PlaybackStore
  /** The server's text of the screen, shown until the player can draw it. */
  screenLines: readonly string[] | undefined
}

// Of the player's font and borders, to reserve the space that it will take.
const cellWidthEm = 0.602
const cellHeightEm = 1.3333
const bordersEm = 1.5

export function Stage({ session, cast, store, screenLines }: Props) {
  const { columns, rows } = session.terminal ?? { columns: 80, rows: 24 }
  const widthEm = columns * cellWidthEm + bordersEm
  const heightEm = rows * cellHeightEm + bordersEm
  const container = useRef<HTMLDivElement>(null)
  const isShown = useTerminal(container, cast, store)
  const phase = usePlaybackValue(store, selectPhase)
  return (
    <div
      className="stage"
      style={{ aspectRatio: `${widthEm} / ${heightEm}` }}
      data-phase={phase}
      data-testid="stage"
    >
      {!isShown && <TerminalText lines={screenLines ?? []} widthEm={widthEm} heightEm={heightEm} />}
      <div
        ref={container}
        className={isShown ? 'stage-terminal' : 'stage-terminal stage-terminal-unready'}
        data-testid="terminal"
      />
      <HiddenNote session={session} store={store} />
    </div>
  )
}

/** Puts a terminal into the container and keeps it at the playback's position. Tells when it shows a picture. */
function useTerminal(
  container: React.RefObject<HTMLDivElement | null>,
  cast: Cast | undefined,
  store: PlaybackStore,
): boolean {
  const [isShown, setIsShown] = useState(false)
  useEffect(() => {
    const element = container.current
    if (!cast || !element) return
    let driver: TerminalDriver | undefined
    let isGone = false
    const show = () => driver?.show(Math.floor(store.get().positionMs))
    const unsubscribe = store.subscribe(show)
    void import('./terminal-driver').then(
      (module) => {
        if (isGone) return
        driver = new module.TerminalDriver(cast, element, () => setIsShown(true))
        show()
      },
      () => store.send({ type: 'failed' }),
    )
    return () => {
      isGone = true
      unsubscribe()
      driver?.dispose()
      setIsShown(false)
    }
  }, [container, cast, store])
  return isShown
}
