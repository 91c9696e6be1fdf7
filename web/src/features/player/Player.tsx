import { useCallback, useEffect, useMemo, useState } from 'react'
import type { MomentKind } from '../../gql/graphql'
import { paths, type PlayerSearch } from '../../lib/paths'
import { useDebounced } from '../../lib/use-debounced'
import { EmptyNote, ErrorNote } from '../../ui/notes'
import { visibleTimes } from './cast'
import { Controls } from './Controls'
import { Facts } from './Facts'
import { HelpDialog } from './HelpDialog'
import { Moments } from './Moments'
import { ScreenMirror } from './ScreenMirror'
import { SeekBar } from './SeekBar'
import { SessionHead } from './SessionHead'
import { Stage } from './Stage'
import { defaultIdleLimitMs, idleStretches } from './timeline'
import { useMomentInUrl } from './use-moment-in-url'
import { selectPhase, selectRest, usePlayback, usePlaybackValue } from './use-playback'
import { useCast, useScreen, type PlayedSession } from './use-session'
import { useShortcuts } from './use-shortcuts'
import type { PlaybackStore } from './playback-store'

type Props = { session: PlayedSession; search: PlayerSearch; onSearch: (search: PlayerSearch) => void }

const noTimes: readonly number[] = []
/** A screen is asked for when the position has stood still this long, not for each one dragged over. */
const restMs = 120

export function Player({ session, search, onSearch }: Props) {
  const store = usePlayback(search.t ?? 0, session.durationMs)
  const write = useCallback((t: number) => onSearch({ ...search, t }), [onSearch, search])
  useMomentInUrl(store, search.t, write)
  return (
    <div className="player">
      <SessionHead session={session} />
      <div className="player-main">
        {session.asciicastUrl === null ? (
          <EmptyNote title="There is nothing to play.">
            <span>This session holds no terminal recording. What is known about it is listed below.</span>
          </EmptyNote>
        ) : (
          <TerminalPlayer session={session} store={store} />
        )}
      </div>
      <Moments
        sessionId={session.id}
        store={store}
        kinds={search.kinds}
        onKinds={(kinds?: MomentKind[]) => onSearch({ ...search, kinds })}
      />
      <Facts session={session} />
    </div>
  )
}

function TerminalPlayer({ session, store }: { session: PlayedSession; store: PlaybackStore }) {
  const cast = useCast(session)
  const [isHelpOpen, setIsHelpOpen] = useState(false)
  const eventTimes = useMemo(() => (cast.data ? visibleTimes(cast.data) : noTimes), [cast.data])
  const rest = useDebounced(usePlaybackValue(store, selectRest), restMs)
  const screen = useScreen(session.id, rest)
  const phase = usePlaybackValue(store, selectPhase)
  const openHelp = useCallback(() => setIsHelpOpen(true), [])
  useShortcuts(store, eventTimes, openHelp)
  useLoaded(session, cast, store)
  const linkAt = (t: number) => new URL(paths.session(session.id, { t }), window.location.href).href
  return (
    <>
      <Stage session={session} cast={cast.data} store={store} screenLines={screen.data?.lines} />
      {cast.error && <ErrorNote error={cast.error} onRetry={() => void cast.refetch()} />}
      <ScreenMirror atMs={screen.data ? rest : undefined} lines={screen.data?.lines} />
      <div className="panel deck">
        <SeekBar session={session} store={store} />
        <Controls
          store={store}
          startedAt={session.startedAt}
          eventTimes={eventTimes}
          linkAt={linkAt}
          onHelp={openHelp}
        />
      </div>
      {phase === 'failed' && !cast.error && (
        <EmptyNote title="The player could not be loaded.">
          <span>The text of the screen above is still right. Reload this page to try again.</span>
        </EmptyNote>
      )}
      <HelpDialog open={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
    </>
  )
}

/** Tells the playback when its recording is there, or cannot be had. */
function useLoaded(session: PlayedSession, cast: ReturnType<typeof useCast>, store: PlaybackStore): void {
  const { data, isError } = cast
  const limitMs = session.recording?.idleLimitMs ?? defaultIdleLimitMs
  useEffect(() => {
    if (isError) store.send({ type: 'failed' })
    if (!data) return
    const durationMs = Math.max(session.durationMs, data.durationMs)
    const times = data.events.map(([atMs]) => atMs)
    store.send({ type: 'loaded', durationMs, idles: idleStretches(times, durationMs, limitMs) })
  }, [data, isError, limitMs, session.durationMs, store])
}
