import { memo } from 'react'
import type { ActivityKind } from '../../gql/graphql'
import type { PlayerView } from '../../lib/paths'
import { barsPath } from './strip'
import type { PlayedSession } from './use-session'

type Props = { activity: PlayedSession['activityMap']; durationMs: number; shows: PlayerView }

const height = 40
const baseline = 26

/** Output, or how much of a picture changed, above the line, keys below it, over the whole recording. */
export const ActivityStrip = memo(function ActivityStrip({ activity, durationMs, shows }: Props) {
  const series = (kind: ActivityKind) => activity.series.find((s) => s.kind === kind)
  const [output, screen] = [series('OUTPUT'), series('SCREEN')]
  const above = shows === 'video' ? (screen ?? output) : (output ?? screen)
  const keys = series('KEYS')
  // The last bucket may reach beyond the end of the recording, and a session may have gone on since they were counted.
  const width = activity.bucketMs > 0 ? durationMs / activity.bucketMs : 0
  return (
    <svg className="strip" viewBox={`0 0 ${Math.max(width, 1)} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {above && <path className="strip-output" d={barsPath(above.values, above.max, baseline, -baseline + 1)} />}
      {keys && <path className="strip-keys" d={barsPath(keys.values, keys.max, baseline + 1, height - baseline - 2)} />}
    </svg>
  )
})
