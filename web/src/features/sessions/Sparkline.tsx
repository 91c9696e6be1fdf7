import { activityLevels, sparkHeight, sparkPath, sparkStep } from './activity-levels'
import { activityBuckets, type SessionRow } from './use-sessions'

export function Sparkline({ activity }: { activity: SessionRow['activityMap'] }) {
  const levels = activityLevels(activity?.series ?? [])
  const active = levels.filter((level) => level > 0).length
  if (active === 0) return <span className="spark-none">–</span>
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${activityBuckets * sparkStep} ${sparkHeight}`}
      role="img"
      aria-label={`Active in ${active} of ${levels.length} parts`}
    >
      <path d={sparkPath(levels)} />
    </svg>
  )
}
