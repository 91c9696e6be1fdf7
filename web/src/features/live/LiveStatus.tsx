import { useSyncExternalStore } from 'react'
import type { LinkState } from '../../lib/follow'
import { formatClock } from '../../lib/time'
import type { Playback } from '../player/playback'
import type { PlaybackStore } from '../player/playback-store'
import { usePlaybackValue } from '../player/use-playback'
import type { LiveWatch } from './live-watch'

type Props = { watch: LiveWatch; store: PlaybackStore; onLive: () => void }

const selectBehindS = ({ isFollowing, durationMs, positionMs }: Playback) =>
  isFollowing ? undefined : Math.round((durationMs - positionMs) / 1000)

/** Whether what is shown is what happens now, how long after it, and the way back there. */
export function LiveStatus({ watch, store, onLive }: Props) {
  const { link, delayMs, cast } = useSyncExternalStore(watch.subscribe, watch.get)
  const behindS = usePlaybackValue(store, selectBehindS)
  const isLost = link.phase === 'waiting' || link.phase === 'refused'
  const goLive = () => {
    store.send({ type: 'follow' })
    onLive()
  }
  return (
    <div className="live-status">
      <span className="visually-hidden" role="status">
        {wordsFor(link, cast !== undefined)}
      </span>
      {isLost ? (
        <span className="live-badge live-badge-lost">Connection lost, trying again</span>
      ) : behindS === undefined ? (
        <span className="live-badge" data-testid="live" title="How long after it happened you see it">
          Live
          {delayMs !== undefined && <span className="live-delay numeric">{delayText(delayMs)}</span>}
        </span>
      ) : (
        <button type="button" className="button live-return" disabled={!cast} onClick={goLive}>
          <span className="numeric">{formatClock(behindS * 1000)} behind</span>
          <span>Return to live</span>
        </button>
      )}
    </div>
  )
}

/** With each event it would say something else, which nobody could listen to: only changes of the connection are said. */
function wordsFor(link: LinkState, isThere: boolean): string {
  if (link.phase === 'waiting') return 'The connection to the server is lost. It is tried again.'
  return isThere && link.phase === 'open' ? 'Live: you see what happens now.' : ''
}

function delayText(delayMs: number): string {
  return delayMs < 10_000 ? `${(delayMs / 1000).toFixed(1)} s delay` : `${formatClock(delayMs)} delay`
}
