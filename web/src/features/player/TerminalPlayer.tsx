import { useEffect, useMemo } from 'react'
import { useDebounced } from '../../lib/use-debounced'
import { EmptyNote, ErrorNote } from '../../ui/notes'
import { visibleTimes } from './cast'
import { Deck } from './Deck'
import type { PlaybackStore } from './playback-store'
import { ScreenMirror } from './ScreenMirror'
import { Stage } from './Stage'
import { defaultIdleLimitMs, idleStretches } from './timeline'
import { selectPhase, selectRest, usePlaybackValue } from './use-playback'
import { useCast, useScreen, type PlayedSession } from './use-session'

type Props = { session: PlayedSession; store: PlaybackStore; view: 'terminal' | undefined }

const noTimes: readonly number[] = []
/** A screen is asked for when the position has stood still this long, not for each one dragged over. */
const restMs = 120

export function TerminalPlayer({ session, store, view }: Props) {
  const cast = useCast(session)
  const eventTimes = useMemo(() => (cast.data ? visibleTimes(cast.data) : noTimes), [cast.data])
  const rest = useDebounced(usePlaybackValue(store, selectRest), restMs)
  const screen = useScreen(session.id, rest)
  const phase = usePlaybackValue(store, selectPhase)
  useLoaded(session, cast, store)
  return (
    <>
      <Stage session={session} cast={cast.data} store={store} screenLines={screen.data?.lines} />
      {cast.error && <ErrorNote error={cast.error} onRetry={() => void cast.refetch()} />}
      <ScreenMirror atMs={screen.data ? rest : undefined} lines={screen.data?.lines} />
      <Deck session={session} store={store} eventTimes={eventTimes} shows="terminal" view={view} />
      {phase === 'failed' && !cast.error && (
        <EmptyNote title="The player could not be loaded.">
          <span>The text of the screen above is still right. Reload this page to try again.</span>
        </EmptyNote>
      )}
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
