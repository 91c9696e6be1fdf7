import { memo } from 'react'
import { barsPath } from './strip'
import { seriesKinds, seriesNames, useHiddenSeries, type SeriesKind } from './series'
import type { PlayedSession } from './use-session'

type Activity = PlayedSession['activityMap']
type Props = { activity: Activity; durationMs: number; hidden: readonly SeriesKind[] }

const height = 44
/** Between one series and the next. */
const gutter = 3

/** The series of an activity map that there is anything of. */
const seriesIn = (activity: Activity): SeriesKind[] =>
  seriesKinds.filter((kind) => activity.series.some((series) => series.kind === kind && series.max > 0))

/** How much happened when, over the whole recording: a track for each series that is switched on. */
export const ActivityStrip = memo(function ActivityStrip({ activity, durationMs, hidden }: Props) {
  const shown = seriesIn(activity).filter((kind) => !hidden.includes(kind))
  const track = (height - gutter * Math.max(0, shown.length - 1)) / Math.max(1, shown.length)
  // The last bucket may reach beyond the end of the recording, and a session may have gone on since they were counted.
  const width = activity.bucketMs > 0 ? durationMs / activity.bucketMs : 0
  return (
    <svg className="strip" viewBox={`0 0 ${Math.max(width, 1)} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {shown.map((kind, index) => {
        const { values, max } = activity.series.find((series) => series.kind === kind) ?? { values: [], max: 0 }
        const floor = (index + 1) * track + index * gutter
        return <path key={kind} className={`series-${kind.toLowerCase()}`} d={barsPath(values, max, floor, 1 - track)} />
      })}
    </svg>
  )
})

/** Switches the series on and off. */
export function SeriesSwitches({ activity }: { activity: Activity }) {
  const [hidden, toggle] = useHiddenSeries()
  return (
    <div className="series" role="group" aria-label="What the bar shows">
      {seriesIn(activity).map((kind) => (
        <button
          key={kind}
          type="button"
          className={`series-switch series-${kind.toLowerCase()}`}
          aria-pressed={!hidden.includes(kind)}
          onClick={() => toggle(kind)}
        >
          {seriesNames[kind]}
        </button>
      ))}
    </div>
  )
}
