import { useCallback } from 'react'
import { useLooking } from '../../lib/looking'
import type { Playback } from '../player/playback'
import type { PlaybackStore } from '../player/playback-store'
import { usePlaybackValue } from '../player/use-playback'
import type { PlayedSession } from '../player/use-session'
import { hiddenName, hiddenWithin } from './hidden'

/** Says over the stage that something is hidden at the moment in view: dots alone could be anything. */
export function HiddenNote({ session, store }: { session: PlayedSession; store: PlaybackStore }) {
  const { reveal } = useLooking()
  const { redactions } = session
  const label = usePlaybackValue(
    store,
    useCallback(
      ({ positionMs }: Playback) => {
        const here = hiddenWithin(redactions, positionMs, positionMs)
        return [...new Set(here.map(hiddenName))].join(', ')
      },
      [redactions],
    ),
  )
  if (label === '' || reveal !== undefined) return null
  return <p className="hidden-note">Hidden: {label}</p>
}
