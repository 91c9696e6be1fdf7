import { serverClock } from '../../lib/server-clock'
import { formatClock } from '../../lib/time'
import { useNow } from '../../lib/use-now'
import '../live/live.css'
import type { Playback } from '../player/playback'
import type { PlaybackStore } from '../player/playback-store'
import { usePlaybackValue } from '../player/use-playback'

/** So far behind the end is still live: a piece, and the time until it is heard of. */
const liveWithinMs = 15_000
/** Some is left to play while the next piece comes. */
const leftMs = 1_000

type Props = { startedAt: string; store: PlaybackStore; endMs: number }

/** Whether the picture is the latest there is, how long after it happened it is shown, and the way there. */
export function VideoLiveStatus({ startedAt, store, endMs }: Props) {
  const isLive = usePlaybackValue(
    store,
    ({ phase, positionMs }: Playback) => phase === 'playing' && positionMs >= endMs - liveWithinMs,
  )
  const behind = behindText(startedAt, usePlaybackValue(store, selectSecond), useNow())
  const goLive = () => {
    store.send({ type: 'seek', toMs: endMs - leftMs })
    store.send({ type: 'play' })
  }
  return (
    <div className="live-status">
      <span className="visually-hidden" role="status">
        {isLive && 'Live: you see the latest picture.'}
      </span>
      {isLive ? (
        <span className="live-badge" data-testid="live" title="How long after it happened you see it">
          Live
          {behind && <span className="live-delay numeric">{behind} delay</span>}
        </span>
      ) : (
        <button type="button" className="button live-return" onClick={goLive}>
          {behind && <span className="numeric">{behind} behind</span>}
          <span>Go to live</span>
        </button>
      )}
    </div>
  )
}

const selectSecond = ({ positionMs }: Playback) => Math.floor(positionMs / 1_000)

/** How long ago it was, by the server's clock, that what is shown happened. */
function behindText(startedAt: string, second: number, hereMs: number): string | undefined {
  const nowMs = serverClock.at(hereMs)
  const ms = nowMs === undefined ? Number.NaN : nowMs - Date.parse(startedAt) - second * 1_000
  if (Number.isNaN(ms)) return undefined
  return ms < 60_000 ? `${Math.max(0, Math.round(ms / 1_000))} s` : formatClock(ms)
}
