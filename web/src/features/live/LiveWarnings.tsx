import { useSyncExternalStore } from 'react'
import { formatClock } from '../../lib/time'
import type { PlaybackStore } from '../player/playback-store'
import { selectDuration, usePlaybackValue } from '../player/use-playback'
import { limitsOf } from './limits'
import type { LiveWatch } from './live-watch'
import { useSessionControl } from './use-session-control'

type Props = { sessionId: string; watch: LiveWatch; store: PlaybackStore }

/** What is going to end the session soon by itself. */
export function LiveWarnings({ sessionId, watch, store }: Props) {
  const { endsAtMs, lastKeyMs } = useSyncExternalStore(watch.subscribe, watch.get)
  const durationMs = usePlaybackValue(store, selectDuration)
  const policy = useSessionControl(sessionId).data?.policyInForce
  const limits = limitsOf({ policy, durationMs, lastKeyMs, endsAtMs })
  if (limits.length === 0) return null
  return (
    <ul className="live-warnings" aria-label="Limits that are near">
      {limits.map(({ kind, leftMs }) => (
        <li key={kind} className="live-warning">
          <span>
            {kind === 'inactivity'
              ? 'Nobody has typed for long: the session ends by itself in '
              : 'The session reaches its longest time and ends in '}
            <b className="numeric">{formatClock(leftMs)}</b>.
          </span>
        </li>
      ))}
    </ul>
  )
}
