import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useRights, type Rights } from '../features/auth/use-rights'
import { ReportForm } from '../features/reports/ReportForm'
import { ReportCards, ReportNav } from '../features/reports/ReportList'
import '../features/reports/reports.css'
import { ReportView } from '../features/reports/ReportView'
import { ScheduleDialog } from '../features/reports/ScheduleDialog'
import { Schedules } from '../features/reports/Schedules'
import { useReports, useRunReport, wrongIn, type ReportDefinition } from '../features/reports/use-reports'
import { plural } from '../lib/format'
import type { ReportsSearch } from '../lib/paths'
import { useTitle } from '../lib/use-title'
import { Icon } from '../ui/Icon'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/reports')

export function ReportsPage() {
  useTitle('Reports')
  const search = route.useSearch()
  const reports = useReports()
  const rights = useRights()
  const chosen = reports.data?.reports.find(({ name }) => name === search.report)
  return (
    <div className="page">
      <div className="page-head">
        <h1>Reports</h1>
        <p>The same report at the same position of the log is the same, to the byte. Each run is in the audit trail.</p>
      </div>
      {reports.isPending ? (
        <ListSkeleton rows={6} label="Loading the reports" />
      ) : reports.error ? (
        <ErrorNote error={reports.error} onRetry={() => void reports.refetch()} />
      ) : chosen ? (
        <div className="reports">
          <ReportNav reports={reports.data.reports} chosen={chosen.name} />
          <div className="report-main">
            <Chosen key={chosen.name} report={chosen} search={search} maySchedule={maySchedule(rights)} />
          </div>
        </div>
      ) : (
        <div className="report-main">
          {search.report && <EmptyNote title={`There is no report “${search.report}”.`} />}
          {rights.everywhere.includes('VIEW_SETTINGS') && <Schedules mayChange={maySchedule(rights)} />}
          <section className="report-main" aria-labelledby="choose-report">
            <h2 id="choose-report">Choose a report</h2>
            <ReportCards reports={reports.data.reports} />
          </section>
        </div>
      )}
    </div>
  )
}

/** Scheduled runs see all sessions and the log. */
const maySchedule = ({ everywhere }: Rights) => everywhere.includes('CHANGE_SETTINGS') && everywhere.includes('READ_LOG')

type ChosenProps = { report: ReportDefinition; search: ReportsSearch; maySchedule: boolean }

function Chosen({ report, search, maySchedule }: ChosenProps) {
  const navigate = route.useNavigate()
  const run = useRunReport()
  const wrong = wrongIn(run.error)
  const isAtField = wrong !== undefined && (wrong.name === 'from' || report.parameters.some(({ name }) => name === wrong.name))
  const [scheduled, setScheduled] = useState<Record<string, string>>()
  return (
    <>
      <div className="report-title">
        <Link to="/reports" search={(search) => ({ ...search, report: undefined })} className="report-back">
          <Icon name="back" /> All reports
        </Link>
        <h2>{report.title}</h2>
        <p>{report.answers}</p>
      </div>
      <ReportForm
        report={report}
        search={search}
        isRunning={run.isPending}
        wrong={wrong}
        onChange={(changed) => void navigate({ search: { ...search, ...changed }, replace: true, resetScroll: false })}
        onRun={(asked) => run.mutate({ name: report.name, asked })}
        onSchedule={maySchedule ? setScheduled : undefined}
      />
      <ScheduleDialog
        report={report}
        parameters={scheduled ?? {}}
        open={scheduled !== undefined}
        onClose={() => setScheduled(undefined)}
      />
      {run.error && !isAtField && <ErrorNote error={run.error} />}
      {run.data && run.variables && <ReportView report={run.data.report} asked={run.variables.asked} />}
      {run.isPending && !run.data && <ListSkeleton rows={4} label="Running the report" />}
      {run.isIdle && (
        <EmptyNote title="Not run yet.">
          <span>Choose a period, or leave it open, and run it: here, or on a schedule, as PDF, XLSX, CSV, JSON and HTML.</span>
        </EmptyNote>
      )}
      <Supports report={report} />
    </>
  )
}

function Supports({ report }: { report: ReportDefinition }) {
  return (
    <details className="report-supports">
      <summary>{plural(report.supports.length, 'control')} that this report supports</summary>
      <dl>
        {report.supports.map(({ framework, id, about }) => (
          <div key={`${framework} ${id}`}>
            <dt>
              {framework} <span className="numeric">{id}</span>
            </dt>
            <dd>{about}</dd>
          </div>
        ))}
      </dl>
      <p>It shows what the log recorded, for somebody who judges it. It does not state that anybody complies.</p>
    </details>
  )
}
