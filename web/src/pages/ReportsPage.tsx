import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useRights, type Rights } from '../features/auth/use-rights'
import { ReportForm } from '../features/reports/ReportForm'
import { ReportList } from '../features/reports/ReportList'
import '../features/reports/reports.css'
import { ReportView } from '../features/reports/ReportView'
import { ScheduleDialog } from '../features/reports/ScheduleDialog'
import { Schedules } from '../features/reports/Schedules'
import { useReports, useRunReport, type ReportDefinition } from '../features/reports/use-reports'
import type { ReportsSearch } from '../lib/paths'
import { useTitle } from '../lib/use-title'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/reports')

export function ReportsPage() {
  useTitle('Reports')
  const search = route.useSearch()
  const reports = useReports()
  const rights = useRights()
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
            <Chosen key={chosen.name} report={chosen} search={search} maySchedule={maySchedule(rights)} />
          ) : (
            <>
              <EmptyNote title="Choose a report.">
                <span>Each tells what it answers, and which controls it supports.</span>
              </EmptyNote>
              {rights.everywhere.includes('VIEW_SETTINGS') && <Schedules mayChange={maySchedule(rights)} />}
            </>
          )}
        </div>
      </div>
    </div>
  )
}

/** Scheduled runs see all sessions and the log. */
const maySchedule = ({ everywhere }: Rights) => everywhere.includes('CHANGE_SETTINGS') && everywhere.includes('READ_LOG')

type ChosenProps = { report: ReportDefinition; search: ReportsSearch; maySchedule: boolean }

function Chosen({ report, search, maySchedule }: ChosenProps) {
  const navigate = route.useNavigate()
  const run = useRunReport()
  const [scheduled, setScheduled] = useState<Record<string, string>>()
  return (
    <>
      <h2>{report.title}</h2>
      <ReportForm
        report={report}
        search={search}
        isRunning={run.isPending}
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
      {run.error && <ErrorNote error={run.error} />}
      {run.data && run.variables && <ReportView report={run.data.report} asked={run.variables.asked} />}
    </>
  )
}
