import { useCallback, useState, type ReactNode } from 'react'
import { paths, type PlayerView } from '../../lib/paths'
import type { Sheet } from '../video/use-media'
import { Controls } from './Controls'
import { HelpDialog } from './HelpDialog'
import type { PlaybackStore } from './playback-store'
import { SeekBar } from './SeekBar'
import type { PlayedSession } from './use-session'
import { useShortcuts } from './use-shortcuts'

type Props = {
  session: PlayedSession
  store: PlaybackStore
  /** What "previous" and "next event" step through. */
  eventTimes: readonly number[]
  thumbnails?: readonly Sheet[]
  shows: PlayerView
  /** The view that links are to open; undefined for the one that opens anyway. */
  view?: PlayerView
  extra?: ReactNode
}

/** What playback is steered with, whatever it plays. */
export function Deck({ session, store, eventTimes, thumbnails, shows, view, extra }: Props) {
  const [isHelpOpen, setIsHelpOpen] = useState(false)
  const openHelp = useCallback(() => setIsHelpOpen(true), [])
  useShortcuts(store, eventTimes, openHelp)
  const linkAt = (t: number) => new URL(paths.session(session.id, { t, view }), window.location.href).href
  return (
    <div className="panel deck">
      <SeekBar session={session} store={store} shows={shows} thumbnails={thumbnails} />
      <Controls
        store={store}
        startedAt={session.startedAt}
        eventTimes={eventTimes}
        linkAt={linkAt}
        onHelp={openHelp}
        extra={extra}
      />
      <HelpDialog open={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
    </div>
  )
}
