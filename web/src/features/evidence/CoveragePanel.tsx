import { plural } from '../../lib/format'
import { formatClock, formatDuration } from '../../lib/time'
import { percent } from '../player/timeline'
import { coverageOf, percentText, type Stretch } from './coverage'
import type { EvidenceSession } from './use-evidence'
import { Verdict } from './Verdict'

const names: Record<Stretch['what'], string> = { recorded: 'Recorded', gap: 'Missing', degraded: 'Shows less than it should' }

/** How much of the session was recorded, and why not all. */
export function CoveragePanel({ session }: { session: EvidenceSession }) {
  const { durationMs, recordingGaps, counts, media, gaps } = session
  const isRecorded = counts.outputBytes > 0 || counts.keys > 0 || media.clips.length > 0
  const { stretches, recordedPercent } = coverageOf(session)
  return (
    <section className="panel evidence-panel" aria-labelledby="coverage-title">
      <div className="evidence-head">
        <h2 id="coverage-title">Coverage</h2>
        <span>
          {session.state === 'ACTIVE' ? 'goes on, so far ' : ''}
          {formatDuration(durationMs)}
        </span>
      </div>
      {!isRecorded ? (
        <Verdict looks="unsure">Nothing of this session was recorded: no output, no keys, no pictures.</Verdict>
      ) : gaps === 0 ? (
        <Verdict looks="good">All of it was recorded: no recorder told of a gap.</Verdict>
      ) : (
        <Verdict looks="unsure">
          <b className="numeric">{percentText(recordedPercent)}</b> of the time was recorded. {plural(gaps, 'gap')} of the recording{' '}
          {gaps === 1 ? 'was' : 'were'} told.
        </Verdict>
      )}
      {isRecorded && (
        <>
          <div className="coverage-bar" role="img" aria-label={stretches.map(spoken).join('; ')}>
            {stretches.map((stretch) => (
              <span
                key={stretch.fromMs}
                className={`coverage-${stretch.what}`}
                style={{
                  left: percent(stretch.fromMs, durationMs),
                  width: percent(stretch.toMs - stretch.fromMs, durationMs),
                }}
                title={spoken(stretch)}
              />
            ))}
          </div>
          <div className="coverage-ends numeric" aria-hidden="true">
            <span>0:00</span>
            <span>{formatClock(durationMs)}</span>
          </div>
        </>
      )}
      {recordingGaps.length > 0 && (
        <ul className="coverage-gaps">
          {recordingGaps.map(({ fromMs, toMs, channel, reason, source }) => (
            <li key={`${fromMs} ${toMs} ${channel} ${source}`}>
              <span className="numeric">
                {formatClock(fromMs)}
                {toMs === null ? ' on' : ` to ${formatClock(toMs)}`}
              </span>
              <span>
                {channel ? `no ${channel}` : 'less than it should be'}: {reason}
                {source && <small> ({source})</small>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

const spoken = ({ what, fromMs, toMs }: Stretch) => `${names[what]} from ${formatClock(fromMs)} to ${formatClock(toMs)}`
