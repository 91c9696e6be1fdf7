import { formatCount, plural } from '../../lib/format'
import { EmptyNote } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { fileUrl, formats, type Asked, type RanReport } from './use-reports'

const sessionId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function ReportView({ report, asked }: { report: RanReport; asked: Asked }) {
  const { definition, rows, rowCount, position, partial, charts } = report
  const filed = { ...asked, at: String(position) }
  return (
    <section className="report" aria-label={definition.title}>
      <div className="report-head">
        <p role="status">
          {plural(rowCount, 'row')}
          {rowCount > rows.length && `, the first ${formatCount(rows.length)} shown`}, {report.from ? <Time at={report.from} /> : 'from the beginning'} to{' '}
          <Time at={report.to} />, as of position <span className="numeric">{String(position)}</span> of the log
          {partial && '; of sessions that you may see'}
        </p>
        <div className="report-files">
          {formats.map((format) => (
            <a key={format} className="button" href={fileUrl(definition.name, filed, format)} download>
              {format.toUpperCase()}
            </a>
          ))}
        </div>
      </div>
      {charts.length > 0 && (
        <div className="report-charts">
          {charts.map((chart) => (
            <Chart key={chart.title} {...chart} />
          ))}
        </div>
      )}
      {rows.length === 0 ? <EmptyNote title="There is nothing to report in this period." /> : <Rows report={report} />}
      <details className="report-supports">
        <summary>Controls that this report supports</summary>
        <ul>
          {definition.supports.map(({ framework, id, about }) => (
            <li key={`${framework} ${id}`}>
              <strong>
                {framework} {id}
              </strong>{' '}
              {about}
            </li>
          ))}
        </ul>
        <p>It shows what the log recorded, for somebody who judges it. It does not state that anybody complies.</p>
      </details>
    </section>
  )
}

function Chart({ title, bars }: RanReport['charts'][number]) {
  const most = Math.max(1, ...bars.map(({ count }) => count))
  return (
    <figure className="report-chart">
      <figcaption>{title}</figcaption>
      <table>
        <tbody>
          {bars.map(({ of, count }) => (
            <tr key={of}>
              <th scope="row">{of || '(empty)'}</th>
              <td>
                <div className="report-bar numeric">
                  <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                    <rect width={(100 * count) / most} height="8" />
                  </svg>
                  {formatCount(count)}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}

function Rows({ report: { definition, rows } }: { report: RanReport }) {
  return (
    <div className="report-rows panel" role="region" aria-label="Rows" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {definition.columns.map(({ name, title, numeric }) => (
              <th key={name} scope="col" className={numeric ? 'report-number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {definition.columns.map(({ name, numeric }, place) => (
                <td key={name} className={numeric ? 'report-number numeric' : undefined}>
                  <Value name={name} text={row[place] ?? ''} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ name, text }: { name: string; text: string }) {
  if (name !== 'session' || !sessionId.test(text)) return text
  return <a href={`/sessions/${text}`}>{text.slice(0, 8)}</a>
}
