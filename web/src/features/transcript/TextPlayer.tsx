import { useEffect } from 'react'
import { Deck } from '../player/Deck'
import type { PlaybackStore } from '../player/playback-store'
import type { PlayedSession } from '../player/use-session'
import { Transcript } from './Transcript'

type Props = { session: PlayedSession; store: PlaybackStore; view: 'text' | undefined }

const noTimes: readonly number[] = []

/** A session of text, read. Time passes in it as in the other views. */
export function TextPlayer({ session, store, view }: Props) {
  const { durationMs, idleStretches } = session
  useEffect(() => {
    store.send({ type: 'loaded', durationMs, idles: idleStretches })
  }, [store, durationMs, idleStretches])
  return (
    <>
      <Transcript session={session} store={store} />
      <Deck session={session} store={store} eventTimes={noTimes} shows="text" view={view} />
    </>
  )
}
