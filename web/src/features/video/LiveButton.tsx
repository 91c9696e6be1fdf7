import type { Playback } from '../player/playback'
import type { PlaybackStore } from '../player/playback-store'
import { usePlaybackValue } from '../player/use-playback'

/** So far behind the end is still live: a piece, and the time until it is heard of. */
const liveWithinMs = 15_000
/** Some is left to play while the next piece comes. */
const behindMs = 1_000

/** Shows whether playback is at the end of a session that goes on, and leads there. */
export function LiveButton({ store, endMs }: { store: PlaybackStore; endMs: number }) {
  const isLive = usePlaybackValue(
    store,
    ({ phase, positionMs }: Playback) => phase === 'playing' && positionMs >= endMs - liveWithinMs,
  )
  const goLive = () => {
    store.send({ type: 'seek', toMs: endMs - behindMs })
    store.send({ type: 'play' })
  }
  return (
    <button type="button" className="button live-button" aria-pressed={isLive} onClick={goLive}>
      {isLive ? 'Live' : 'Go to live'}
    </button>
  )
}
