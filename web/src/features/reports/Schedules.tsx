import { useState } from 'react'
import { plural } from '../../lib/format'
import { DataTable } from '../../ui/DataTable'
import { Dialog } from '../../ui/Dialog'
import { ErrorNote } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { periodNames, runUrl, useSchedules, useUnscheduleReport, type Schedule } from './use-schedules'

type Props = { mayChange: boolean }

const columns = ['Schedule', 'When', 'Next', 'Last runs']

/** The reports that are run by themselves, with their last runs. Nothing while there is none. */
export function Schedules({ mayChange }: Props) {
  const schedules = useSchedules(true)
  const [leaving, setLeaving] = useState<Schedule>()
  if (schedules.error) return <ErrorNote error={schedules.error} onRetry={() => void schedules.refetch()} />
  if (!schedules.data || schedules.data.length === 0) return null
  return (
    <section className="schedules" aria-label="Scheduled reports">
      <h2>Scheduled</h2>
      <DataTable label="Table of scheduled reports" head={mayChange ? [...columns, 'Actions'] : columns}>
        {schedules.data.map((schedule) => (
          <tr key={schedule.name}>
            <th scope="row" data-label="Schedule">
              {schedule.name}
              <div className="cell-note">{schedule.report.title}</div>
              {schedule.lastError && (
                <div className="schedule-error" role="alert">
                  Could not be run: {schedule.lastError}
                </div>
              )}
            </th>
            <td data-label="When">
              each {periodNames[schedule.every]}, at {String(schedule.hour).padStart(2, '0')}:00 of the day after
              <div className="cell-note">
                {schedule.zone}, set by {schedule.setBy}
              </div>
            </td>
            <td data-label="Next">{schedule.next ? <Time at={schedule.next.due} /> : 'never'}</td>
            <td data-label="Last runs">
              <Runs schedule={schedule} />
            </td>
            {mayChange && (
              <td data-label="Actions">
                <button
                  type="button"
                  className="button"
                  aria-label={`Remove the schedule ${schedule.name}`}
                  onClick={() => setLeaving(schedule)}
                >
                  Remove…
                </button>
              </td>
            )}
          </tr>
        ))}
      </DataTable>
      <Dialog title="Remove the schedule" open={leaving !== undefined} onClose={() => setLeaving(undefined)}>
        {leaving && <RemoveForm schedule={leaving} onDone={() => setLeaving(undefined)} />}
      </Dialog>
    </section>
  )
}

function Runs({ schedule }: { schedule: Schedule }) {
  if (schedule.runs.length === 0) return <>none yet</>
  return (
    <ul className="schedule-runs">
      {schedule.runs.map((run) => (
        <li key={run.from}>
          <Time at={run.from} />, {plural(run.rows, 'row')}:{' '}
          {(['pdf', 'xlsx', 'csv'] as const).map((format) => (
            <a key={format} href={runUrl(schedule, run, format)} download title={run.files.join('\n') || undefined}>
              {format.toUpperCase()}
            </a>
          ))}
        </li>
      ))}
    </ul>
  )
}

function RemoveForm({ schedule, onDone }: { schedule: Schedule; onDone: () => void }) {
  const remove = useUnscheduleReport(onDone)
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault()
        remove.mutate(schedule.name)
      }}
    >
      <p>
        “{schedule.report.title}” is not run by itself any more. What <strong>{schedule.name}</strong> has run stays in the log,
        and its files where they are.
      </p>
      {remove.error && <ErrorNote error={remove.error} />}
      <button type="submit" className="button button-danger" disabled={remove.isPending}>
        {remove.isPending ? 'Removing…' : 'Remove'}
      </button>
    </form>
  )
}
