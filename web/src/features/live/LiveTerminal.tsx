import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { useLooking } from '../../lib/looking'
import { useDebounced } from '../../lib/use-debounced'
import { EmptyNote, ErrorNote } from '../../ui/notes'
import { Deck } from '../player/Deck'
import type { PlaybackStore } from '../player/playback-store'
import { ScreenMirror } from '../player/ScreenMirror'
import { Stage } from '../player/Stage'
import { selectPhase, selectRest, usePlaybackValue } from '../player/use-playback'
import { useScreen, type PlayedSession } from '../player/use-session'
import { LiveStatus } from './LiveStatus'
import { LiveWatch } from './live-watch'
import { LiveWarnings } from './LiveWarnings'
import './live.css'

type Props = {
  session: PlayedSession
  store: PlaybackStore
  view: 'terminal' | undefined
  opensAtEnd: boolean
  /** The moment in the address is no longer the one in view. */
  onLive: () => void
}

const restMs = 120

/** The terminal of a session that goes on, or has just ended. */
export function LiveTerminal(props: Props) {
  // What is shown begins anew when what is hidden is asked for, or no more.
  const { reveal } = useLooking()
  return <WatchedTerminal key={reveal} {...props} />
}

function WatchedTerminal({ session, store, view, opensAtEnd, onLive }: Props) {
  const watch = useLiveWatch(session, store, opensAtEnd)
  const { cast, eventTimes, error, hasEnded, link } = useSyncExternalStore(watch.subscribe, watch.get)
  const rest = useDebounced(usePlaybackValue(store, selectRest), restMs)
  const screen = useScreen(session.id, rest)
  const phase = usePlaybackValue(store, selectPhase)
  return (
    <>
      <div className="live-stage">
        <Stage session={session} cast={cast} store={store} screenLines={screen.data?.lines} />
        {!hasEnded && <LiveWarnings sessionId={session.id} watch={watch} store={store} />}
      </div>
      {error && <ErrorNote error={error} onRetry={watch.retry} />}
      {link.phase === 'refused' && <ErrorNote error={link.error} />}
      <ScreenMirror atMs={screen.data ? rest : undefined} lines={screen.data?.lines} />
      <Deck
        session={session}
        store={store}
        eventTimes={eventTimes}
        shows="terminal"
        view={view}
        extra={!hasEnded && <LiveStatus watch={watch} store={store} onLive={onLive} />}
      />
      {phase === 'failed' && !error && (
        <EmptyNote title="The player could not be loaded.">
          <span>The text of the screen above is still right. Reload this page to try again.</span>
        </EmptyNote>
      )}
    </>
  )
}

function useLiveWatch(session: PlayedSession, store: PlaybackStore, opensAtEnd: boolean): LiveWatch {
  const client = useQueryClient()
  const { id } = session
  const [watch] = useState(
    () =>
      new LiveWatch(session, store, opensAtEnd, {
        onControl: () => void client.invalidateQueries({ queryKey: ['session-control', id] }),
        onEnded: () => {
          void client.invalidateQueries({ queryKey: ['session-control', id] })
          void client.invalidateQueries({ queryKey: ['session', id] })
        },
      }),
  )
  useEffect(() => watch.start(), [watch])
  return watch
}
