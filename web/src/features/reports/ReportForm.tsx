import { useState } from 'react'
import type { ReportsSearch } from '../../lib/paths'
import { startOfDay, startOfDayAfter } from '../../lib/time'
import { DateField, Field } from '../../ui/fields'
import type { Asked, ReportDefinition } from './use-reports'

type Props = {
  report: ReportDefinition
  search: ReportsSearch
  isRunning: boolean
  onChange: (changed: Partial<ReportsSearch>) => void
  onRun: (asked: Asked) => void
  /** Takes the parameters that do not have their default. */
  onSchedule: ((parameters: Record<string, string>) => void) | undefined
}

/** What can be set of a report. It is made anew for each. */
export function ReportForm({ report, search, isRunning, onChange, onRun, onSchedule }: Props) {
  const [values, setValues] = useState<Record<string, string>>({})
  const parameters = () => {
    const changed = report.parameters.filter(({ name, default: usual }) => (values[name] ?? usual) !== usual)
    return Object.fromEntries(changed.map(({ name }) => [name, values[name] ?? '']))
  }
  return (
    <form
      className="report-form panel"
      onSubmit={(event) => {
        event.preventDefault()
        onRun({ from: startOfDay(search.from), to: startOfDayAfter(search.to), parameters: parameters() })
      }}
    >
      <DateField label="From" value={search.from} onChange={(from) => onChange({ from })} />
      <DateField label="To" value={search.to} onChange={(to) => onChange({ to })} />
      {report.parameters.map(({ name, title, expected, default: usual }) => (
        <Field key={name} label={title}>
          <input
            className="input"
            title={`Expected: ${expected}`}
            spellCheck={false}
            value={values[name] ?? usual}
            onChange={(event) => setValues({ ...values, [name]: event.target.value })}
          />
        </Field>
      ))}
      <button type="submit" className="button button-primary" disabled={isRunning || !report.allowed}>
        {isRunning ? 'Running…' : 'Run report'}
      </button>
      {onSchedule && (
        <button type="button" className="button" onClick={() => onSchedule(parameters())}>
          Schedule…
        </button>
      )}
    </form>
  )
}
