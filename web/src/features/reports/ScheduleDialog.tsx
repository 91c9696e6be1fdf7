import { useState } from 'react'
import type { ReportPeriod } from '../../gql/graphql'
import { Dialog } from '../../ui/Dialog'
import { DateField, Field, SelectField } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { formats, type ReportDefinition, type ReportFormat } from './use-reports'
import { nameOf, periodNames, useScheduleReport } from './use-schedules'

type Props = {
  report: ReportDefinition
  parameters: Record<string, string>
  open: boolean
  onClose: () => void
}

/** Lets the server run a report by itself. */
export function ScheduleDialog({ report, parameters, open, onClose }: Props) {
  return (
    <Dialog title={`Schedule “${report.title}”`} open={open} onClose={onClose}>
      {open && <ScheduleForm report={report} parameters={parameters} onDone={onClose} />}
    </Dialog>
  )
}

const periods = (Object.keys(periodNames) as ReportPeriod[]).map((value) => ({ value, label: periodNames[value] }))
const hours = Array.from({ length: 24 }, (_, hour) => ({ value: String(hour), label: `${String(hour).padStart(2, '0')}:00` }))

type FormProps = { report: ReportDefinition; parameters: Record<string, string>; onDone: () => void }

function ScheduleForm({ report, parameters, onDone }: FormProps) {
  const [name, setName] = useState(nameOf(report.name))
  const [every, setEvery] = useState<ReportPeriod>('MONTH')
  const [hour, setHour] = useState('6')
  const [zone, setZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
  const [from, setFrom] = useState<string>()
  const [folder, setFolder] = useState('')
  const [chosen, setChosen] = useState<readonly ReportFormat[]>([])
  const schedule = useScheduleReport(onDone)
  const toggle = (format: ReportFormat, on: boolean) =>
    setChosen(formats.filter((one) => (one === format ? on : chosen.includes(one))))
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault()
        schedule.mutate({
          name: name.trim(),
          report: report.name,
          every,
          hour: Number(hour),
          zone,
          from: from ?? null,
          folder: folder.trim() || null,
          formats: [...chosen],
          parameters: Object.entries(parameters).map(([key, value]) => ({ name: key, value })),
        })
      }}
    >
      <Field label="Name of the schedule">
        <input
          className="input"
          required
          autoComplete="off"
          spellCheck={false}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
      </Field>
      <div className="schedule-row">
        <SelectField label="For each" value={every} options={periods} onChange={(value) => setEvery(value as ReportPeriod)} />
        <SelectField label="On the day after, at" value={hour} options={hours} onChange={(value) => setHour(value ?? '6')} />
      </div>
      <Field label="Time zone">
        <input className="input" required spellCheck={false} value={zone} onChange={({ target }) => setZone(target.value)} />
      </Field>
      <DateField
        label="Beginning with the period of (today, unless set)"
        zone={zone}
        value={from}
        onChange={setFrom}
      />
      <fieldset className="schedule-files">
        <legend>Files, written by the server (optional)</legend>
        {formats.map((format) => (
          <label key={format}>
            <input
              type="checkbox"
              checked={chosen.includes(format)}
              onChange={({ target }) => toggle(format, target.checked)}
            />
            {format.toUpperCase()}
          </label>
        ))}
        <Field label="Into this folder, below the server’s folder for exports">
          <input
            className="input"
            placeholder="audits/access"
            spellCheck={false}
            value={folder}
            onChange={({ target }) => setFolder(target.value)}
          />
        </Field>
      </fieldset>
      {schedule.error && <ErrorNote error={schedule.error} />}
      <button type="submit" className="button button-primary" disabled={schedule.isPending}>
        {schedule.isPending ? 'Scheduling…' : 'Schedule'}
      </button>
    </form>
  )
}
