import { formatCount } from '../../lib/format'
import { namedEach, periodOf, ticksFor, withoutHoles, type Bar, type Period } from './chart-data'
import type { RanReport } from './use-reports'

/** What can be seen of all rows at a glance. */
export function ReportCharts({ charts }: Pick<RanReport, 'charts'>) {
  return (
    <div className="report-charts">
      {charts.map(({ title, bars }) => {
        const period = periodOf(bars)
        return period ? (
          <TimeChart key={title} title={title} bars={withoutHoles(bars, period)} period={period} />
        ) : (
          <RankChart key={title} title={title} bars={bars} />
        )
      })}
    </div>
  )
}

const mostOf = (bars: readonly Bar[]) => Math.max(0, ...bars.map(({ count }) => count))

/** How many rows there are of each value: the most first. */
function RankChart({ title, bars }: { title: string; bars: readonly Bar[] }) {
  const ticks = ticksFor(mostOf(bars))
  const top = ticks.at(-1) ?? 1
  return (
    <figure className="report-chart panel">
      <figcaption>
        {title} <span className="chart-unit">rows</span>
      </figcaption>
      <table className="rank-chart">
        <colgroup>
          <col className="rank-name" />
          <col />
        </colgroup>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Value</th>
            <th scope="col">Rows</th>
          </tr>
        </thead>
        <tbody>
          {bars.map(({ of, count }) => (
            <tr key={of}>
              <th scope="row" title={of}>
                {of || '(empty)'}
              </th>
              <td className="rank-bar">
                <span className="rank-track">
                  <Grid ticks={ticks} />
                  <span className="rank-fill" style={{ width: `${(100 * count) / top}%` }} />
                </span>
                <span className="rank-count numeric">{formatCount(count)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="rank-axis numeric" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${(100 * tick) / top}%` }}>
            {formatCount(tick)}
          </span>
        ))}
      </div>
    </figure>
  )
}

/** Lines across a bar, where the axis has its numbers. */
function Grid({ ticks }: { ticks: readonly number[] }) {
  const top = ticks.at(-1) ?? 1
  return (
    <>
      {ticks.map((tick) => (
        <span key={tick} className="rank-line" style={{ left: `${(100 * tick) / top}%` }} />
      ))}
    </>
  )
}

const unit: Record<Period, string> = { day: 'rows by day (UTC)', month: 'rows by month (UTC)', year: 'rows by year (UTC)' }

/** How many rows there are of each part of time. */
function TimeChart({ title, bars, period }: { title: string; bars: readonly Bar[]; period: Period }) {
  const ticks = ticksFor(mostOf(bars))
  const top = ticks.at(-1) ?? 1
  const each = namedEach(bars.length)
  return (
    <figure className="report-chart report-chart-time panel">
      <figcaption>
        {title} <span className="chart-unit">{unit[period]}</span>
      </figcaption>
      <table className="visually-hidden">
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.of}>
              <th scope="row">{bar.of}</th>
              <td>{formatCount(bar.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="time-chart numeric" aria-hidden="true">
        <div className="time-plot">
          {ticks.map((tick) => (
            <span key={tick} className="time-line" style={{ bottom: `${(100 * tick) / top}%` }}>
              <span>{formatCount(tick)}</span>
            </span>
          ))}
          <div className="time-columns">
            {bars.map((bar) => (
              <span key={bar.of} className="time-column" title={`${bar.of}: ${formatCount(bar.count)}`}>
                <span style={{ height: `${(100 * bar.count) / top}%` }} />
              </span>
            ))}
          </div>
        </div>
        <div className="time-names">
          {bars.map((bar, index) => (
            <span key={bar.of}>{index % each === 0 && <span>{period === 'day' ? bar.of.slice(5) : bar.of}</span>}</span>
          ))}
        </div>
      </div>
    </figure>
  )
}
