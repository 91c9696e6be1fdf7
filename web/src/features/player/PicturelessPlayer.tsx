import { useEffect } from 'react'
import { EmptyNote } from '../../ui/notes'
import { Deck } from './Deck'
import type { PlaybackStore } from './playback-store'
import type { PlayedSession } from './use-session'

const noTimes: readonly number[] = []

/** A session of which there are no pictures: keys, processes, files. Time passes in it all the same. */
export function PicturelessPlayer({ session, store }: { session: PlayedSession; store: PlaybackStore }) {
  const { durationMs, idleStretches } = session
  useEffect(() => {
    store.send({ type: 'loaded', durationMs, idles: idleStretches })
  }, [store, durationMs, idleStretches])
  return (
    <>
      <EmptyNote title="There are no pictures of this session.">
        <span>What else was recorded stands in the timeline, and goes along as it plays.</span>
      </EmptyNote>
      <Deck session={session} store={store} eventTimes={noTimes} shows="text" />
    </>
  )
}
