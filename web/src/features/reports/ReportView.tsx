import { formatCount, plural } from '../../lib/format'
import { EmptyNote } from '../../ui/notes'
import { Icon } from '../../ui/Icon'
import { Time } from '../../ui/Time'
import { ReportCharts } from './ReportCharts'
import { ReportRows } from './ReportRows'
import { fileUrl, formats, type Asked, type RanReport } from './use-reports'

export function ReportView({ report, asked }: { report: RanReport; asked: Asked }) {
  const { definition, rows, rowCount, position, partial, charts } = report
  const filed = { ...asked, at: String(position) }
  return (
    <section className="report" aria-label={definition.title}>
      <div className="report-head">
        <p role="status">
          <strong>{plural(rowCount, 'row')}</strong>
          {rowCount > rows.length && `, the first ${formatCount(rows.length)} shown`},{' '}
          {report.from ? <Time at={report.from} /> : 'from the beginning'} to <Time at={report.to} />, as of position{' '}
          <span className="numeric">{String(position)}</span> of the log
          {partial && '; of sessions that you may see'}
        </p>
        <div className="report-files" role="group" aria-label="Take it away as">
          {formats.map((format) => (
            <a key={format} className="button" href={fileUrl(definition.name, filed, format)} download>
              <Icon name="download" />
              {format.toUpperCase()}
            </a>
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        <EmptyNote title="There is nothing to report in this period.">
          <span>The files say so, too, and as of which position of the log. Try a longer period, or other parameters.</span>
        </EmptyNote>
      ) : (
        <>
          {charts.length > 0 && <ReportCharts charts={charts} />}
          <ReportRows report={report} />
        </>
      )}
    </section>
  )
}
