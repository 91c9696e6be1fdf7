import { getRouteApi } from '@tanstack/react-router'
import { ReportForm } from '../features/reports/ReportForm'
import { ReportList } from '../features/reports/ReportList'
import '../features/reports/reports.css'
import { ReportView } from '../features/reports/ReportView'
import { useReports, useRunReport, type ReportDefinition } from '../features/reports/use-reports'
import type { ReportsSearch } from '../lib/paths'
import { useTitle } from '../lib/use-title'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/reports')

export function ReportsPage() {
  useTitle('Reports')
  const search = route.useSearch()
  const reports = useReports()
  if (reports.isPending) return <ListSkeleton rows={6} label="Loading the reports" />
  if (reports.error) return <ErrorNote error={reports.error} onRetry={() => void reports.refetch()} />
  const chosen = reports.data.reports.find(({ name }) => name === search.report)
  return (
    <div className="page">
      <div className="page-head">
        <h1>Reports</h1>
        <p>The same report at the same position of the log is the same, to the byte. Each run is in the audit trail.</p>
      </div>
      <div className="reports">
        <ReportList reports={reports.data.reports} chosen={chosen?.name} />
        <div className="report-main">
          {chosen ? (
            <Chosen key={chosen.name} report={chosen} search={search} />
          ) : (
            <EmptyNote title="Choose a report.">
              <span>Each tells what it answers, and which controls it supports.</span>
            </EmptyNote>
          )}
        </div>
      </div>
    </div>
  )
}

function Chosen({ report, search }: { report: ReportDefinition; search: ReportsSearch }) {
  const navigate = route.useNavigate()
  const run = useRunReport()
  return (
    <>
      <h2>{report.title}</h2>
      <ReportForm
        report={report}
        search={search}
        isRunning={run.isPending}
        onChange={(changed) => void navigate({ search: { ...search, ...changed }, replace: true, resetScroll: false })}
        onRun={(asked) => run.mutate({ name: report.name, asked })}
      />
      {run.error && <ErrorNote error={run.error} />}
      {run.data && run.variables && <ReportView report={run.data.report} asked={run.variables.asked} />}
    </>
  )
}
