import { useId, type ReactNode } from 'react'
import { readersZone } from '../lib/time'
import { useDraft } from '../lib/use-draft'

type Option = { value: string; label: string }

type SelectProps = {
  label: string
  value: string | undefined
  /** Shown for no value; without it there is always one. */
  anyLabel?: string
  options: readonly Option[]
  onChange: (value: string | undefined) => void
}

export function SelectField({ label, value, anyLabel, options, onChange }: SelectProps) {
  // A value from the URL that is no longer offered is still shown, so that the filter in force can be seen.
  const missing = value !== undefined && !options.some((option) => option.value === value)
  return (
    <Field label={label}>
      <select className="input" value={value ?? ''} onChange={(event) => onChange(event.target.value || undefined)}>
        {anyLabel !== undefined && <option value="">{anyLabel}</option>}
        {missing && <option value={value}>{value}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  )
}

type DateProps = {
  label: string
  value: string | undefined
  /** What the day is of, unless it is of the reader's clock. */
  zone?: string
  onChange: (value: string | undefined) => void
}

/** A day, in the zone that stands beside it. */
export function DateField({ label, value, zone = readersZone(), onChange }: DateProps) {
  return (
    <Field label={label} aside={zone}>
      <input
        type="date"
        className="input"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value || undefined)}
      />
    </Field>
  )
}

export function Field({ label, aside, children }: { label: string; aside?: string; children: ReactNode }) {
  return (
    <label className="field">
      <span>
        {label}
        {aside && <span className="field-aside"> {aside}</span>}
      </span>
      {children}
    </label>
  )
}

type TextProps = {
  label: string
  value: string | undefined
  suggestions: readonly string[]
  onChange: (value: string | undefined) => void
}

/** Free text with known values to pick from. */
export function TextField({ label, value, suggestions, onChange }: TextProps) {
  const { text, setText } = useDraft(value ?? '', (settled) => onChange(settled || undefined), 400)
  const listId = useId()
  return (
    <Field label={label}>
      <input
        className="input"
        list={suggestions.length > 0 ? listId : undefined}
        placeholder="Any"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {suggestions.length > 0 && (
        <datalist id={listId}>
          {suggestions.map((suggestion) => (
            <option key={suggestion}>{suggestion}</option>
          ))}
        </datalist>
      )}
    </Field>
  )
}
