import { unitOfKind } from './grouping'
import type { Setting } from './use-settings'

type Props = {
  setting: Setting
  value: string
  describedBy: string
  isWrong: boolean
  onChange: (value: string) => void
}

/** The field for a value: a choice where there are few, else a text that the server reads. */
export function ValueInput({ setting, value, describedBy, isWrong, onChange }: Props) {
  const { kind } = setting
  const choices = kind === 'boolean' ? ['true', 'false'] : setting.choices
  const shared = {
    className: 'input mono',
    value,
    'aria-describedby': describedBy,
    'aria-invalid': isWrong || undefined,
    // The field was asked for by a press on "Change": that is where one goes on.
    autoFocus: true,
  }
  return (
    <label className="field">
      <span>
        New value, {unitOfKind[kind] ?? 'a text'}
      </span>
      {choices.length > 0 ? (
        <select {...shared} onChange={({ target }) => onChange(target.value)}>
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {kind === 'boolean' ? (choice === 'true' ? 'true (yes)' : 'false (no)') : choice}
            </option>
          ))}
        </select>
      ) : kind === 'expression' ? (
        <textarea {...shared} rows={3} spellCheck={false} onChange={({ target }) => onChange(target.value)} />
      ) : (
        <input {...shared} spellCheck={false} autoComplete="off" onChange={({ target }) => onChange(target.value)} />
      )}
    </label>
  )
}
