import { DateField, Field } from '../../ui/fields'
import type { ScopeDraft } from './scope'

const names = [
  ['folders', 'Folders of the secret'],
  ['groups', 'Groups of the user'],
  ['sites', 'Sites'],
  ['targets', 'Targets'],
] as const

type Props = { draft: ScopeDraft; onChange: (draft: ScopeDraft) => void }

export function ScopeFields({ draft, onChange }: Props) {
  return (
    <fieldset className="scope-fields">
      <legend>Over which sessions: all, unless one of these is filled in</legend>
      {names.map(([name, label]) => (
        <Field key={name} label={label}>
          <input
            className="input"
            placeholder="Any; several divided by commas"
            autoComplete="off"
            spellCheck={false}
            value={draft[name]}
            onChange={({ target }) => onChange({ ...draft, [name]: target.value })}
          />
        </Field>
      ))}
      <DateField label="Started on or after" value={draft.from} onChange={(from) => onChange({ ...draft, from })} />
      <DateField label="Started up to" value={draft.to} onChange={(to) => onChange({ ...draft, to })} />
    </fieldset>
  )
}
