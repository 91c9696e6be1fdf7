import { useId, useState } from 'react'
import type { ReportsSearch } from '../../lib/paths'
import { startOfDay, startOfDayAfter } from '../../lib/time'
import { DateField, Field } from '../../ui/fields'
import type { Asked, ReportDefinition, Wrong } from './use-reports'

type Props = {
  report: ReportDefinition
  search: ReportsSearch
  isRunning: boolean
  /** What the server did not take. */
  wrong: Wrong | undefined
  onChange: (changed: Partial<ReportsSearch>) => void
  onRun: (asked: Asked) => void
  /** Takes the parameters that do not have their default. */
  onSchedule: ((parameters: Record<string, string>) => void) | undefined
}

/** What has a longer default is given more room. */
const longDefault = 24

/** What can be set of a report. It is made anew for each. */
export function ReportForm({ report, search, isRunning, wrong, onChange, onRun, onSchedule }: Props) {
  const [values, setValues] = useState<Record<string, string>>({})
  const formId = useId()
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
      <div className="report-fields">
        <DateField label="From" value={search.from} onChange={(from) => onChange({ from })} />
        <DateField label="To" value={search.to} onChange={(to) => onChange({ to })} />
        {report.parameters.map(({ name, title, expected, default: usual }) => (
          <div key={name} className={usual.length > longDefault ? 'report-parameter report-parameter-long' : 'report-parameter'}>
            <Field label={title}>
              <input
                className="input"
                aria-describedby={`${formId}-${name}`}
                aria-invalid={wrong?.name === name}
                spellCheck={false}
                autoComplete="off"
                value={values[name] ?? usual}
                onChange={(event) => setValues({ ...values, [name]: event.target.value })}
              />
            </Field>
            {wrong?.name === name ? (
              <p id={`${formId}-${name}`} className="field-error" role="alert">
                Expected {wrong.expected}.
              </p>
            ) : (
              <p id={`${formId}-${name}`} className="field-hint">
                {expected}
              </p>
            )}
          </div>
        ))}
      </div>
      {wrong?.name === 'from' && (
        <p className="field-error" role="alert">
          The period ends before it begins.
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={isRunning || !report.allowed}>
          {isRunning ? 'Running…' : 'Run report'}
        </button>
        {onSchedule && (
          <button type="button" className="button" onClick={() => onSchedule(parameters())}>
            Schedule…
          </button>
        )}
        <span className="field-hint">
          {report.allowed ? 'Without days: all that the log has.' : 'It needs more rights than you have.'}
        </span>
      </div>
    </form>
  )
}
