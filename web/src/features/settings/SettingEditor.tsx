import { useId, useState } from 'react'
import { toApiError } from '../../lib/errors'
import { formatCount } from '../../lib/format'
import { Field } from '../../ui/fields'
import { isNumber } from '../retention/words'
import { shownValue, unitOfKind } from './grouping'
import { useChangeSetting, type Setting } from './use-settings'
import { ValueInput } from './ValueInput'

export type Draft = { value: string; reason: string }
type Props = { setting: Setting; draft: Draft; onCancel: () => void; onChanged: () => void }

/** Asks for a value and a reason, and shows at the field what the server has against it. */
export function SettingEditor({ setting, draft, onCancel, onChanged }: Props) {
  const [value, setValue] = useState(draft.value)
  const [reason, setReason] = useState(draft.reason)
  const change = useChangeSetting(setting.name, onChanged)
  const aboutId = useId()
  // What was warned of, as long as it is about the value in the field.
  const warned = change.data?.state === 'warned' && change.data.value === value ? change.data : undefined
  const [typed, setTyped] = useState('')
  const isUnconfirmed = warned !== undefined && warned.purges > 0 && !isNumber(typed, warned.purges)
  const isSame = change.data?.state === 'same'
  return (
    <form
      className="setting-editor"
      aria-label={`Change ${setting.name}`}
      onSubmit={(event) => {
        event.preventDefault()
        if (isUnconfirmed) return
        setTyped('')
        change.mutate({ value, reason, confirmed: warned })
      }}
    >
      <div className="setting-fields">
        <ValueInput setting={setting} value={value} describedBy={aboutId} isWrong={change.isError} onChange={setValue} />
        <label className="field">
          <span>Why (optional, stands in its history)</span>
          <input
            className="input"
            maxLength={2000}
            value={reason}
            onChange={({ target }) => setReason(target.value)}
          />
        </label>
      </div>
      <p id={aboutId} className={change.error ? 'field-error' : 'field-hint'} role={change.error ? 'alert' : undefined}>
        {change.error
          ? toApiError(change.error).message
          : isSame
            ? 'It has this value already.'
            : `Expected ${setting.expected}${hintOf(setting)}. The default is ${shownValue(setting.defaultValue)}.`}
      </p>
      {warned && (
        <div className="note note-warning" role="alert">
          <strong>This is dangerous:</strong>
          <ul>
            {warned.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
          {warned.purges > 0 && (
            <Field label={`Type ${formatCount(warned.purges)}, the number of recordings, to confirm`}>
              <input
                className="input mono"
                inputMode="numeric"
                autoComplete="off"
                value={typed}
                onChange={({ target }) => setTyped(target.value)}
              />
            </Field>
          )}
        </div>
      )}
      <div className="form-actions">
        <button
          type="submit"
          className={`button ${warned ? 'button-danger' : 'button-primary'}`}
          disabled={change.isPending || isUnconfirmed}
        >
          {change.isPending ? 'Saving…' : warned ? 'Change it all the same' : 'Save'}
        </button>
        {value !== setting.defaultValue && (
          <button type="button" className="button" onClick={() => setValue(setting.defaultValue)}>
            Take the default
          </button>
        )}
        <button type="button" className="button button-quiet" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  )
}

/** How sizes and times are written; what other kinds may be says enough. */
function hintOf({ kind }: Setting): string {
  return kind === 'bytes' || kind === 'seconds' ? `: ${unitOfKind[kind]}` : ''
}
