import type { ReactNode } from 'react'

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

type DateProps = { label: string; value: string | undefined; onChange: (value: string | undefined) => void }

export function DateField({ label, value, onChange }: DateProps) {
  return (
    <Field label={label}>
      <input
        type="date"
        className="input"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value || undefined)}
      />
    </Field>
  )
}

export function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="field">
      <span>{label}</span>
      {children}
    </label>
  )
}
