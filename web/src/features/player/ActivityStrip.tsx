import { memo } from 'react'
import type { ActivityKind } from '../../gql/graphql'
import { barsPath } from './strip'
import type { PlayedSession } from './use-session'

type Props = { activity: PlayedSession['activityMap'] }

const height = 40
const baseline = 26

/** Output above the line, keys below it, over the whole recording. */
export const ActivityStrip = memo(function ActivityStrip({ activity }: Props) {
  const series = (kind: ActivityKind) => activity.series.find((s) => s.kind === kind)
  const output = series('OUTPUT')
  const keys = series('KEYS')
  const buckets = output?.values.length ?? keys?.values.length ?? 0
  // The last bucket may reach beyond the end of the recording.
  const width = activity.bucketMs > 0 ? Math.min(buckets, activity.durationMs / activity.bucketMs) : 0
  return (
    <svg className="strip" viewBox={`0 0 ${Math.max(width, 1)} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {output && <path className="strip-output" d={barsPath(output.values, output.max, baseline, -baseline + 1)} />}
      {keys && <path className="strip-keys" d={barsPath(keys.values, keys.max, baseline + 1, height - baseline - 2)} />}
    </svg>
  )
})
