import { useState } from 'react'
import type { Role } from '../../gql/graphql'
import { startOfDayAfter } from '../../lib/time'
import { Dialog } from '../../ui/Dialog'
import { DateField, Field, SelectField } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { RoleField } from './RoleField'
import { everything, scopeOf } from './scope'
import { ScopeFields } from './ScopeFields'
import { useGiveGrant, useRoles } from './use-access'

export function GiveGrantDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog title="Give access" open={open} onClose={onClose}>
      {open && <GiveGrantForm onDone={onClose} />}
    </Dialog>
  )
}

const kinds = [
  { value: 'user', label: 'A user' },
  { value: 'group', label: 'A group' },
]

function GiveGrantForm({ onDone }: { onDone: () => void }) {
  const [kind, setKind] = useState('user')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('AUDITOR')
  const [scope, setScope] = useState(everything)
  const [until, setUntil] = useState<string>()
  const [reason, setReason] = useState('')
  const roles = useRoles()
  const give = useGiveGrant(onDone)
  const choices = roles.data?.filter(({ isForPeople }) => isForPeople).map((one) => one.role) ?? [role]
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault()
        give.mutate({
          to: `${kind}:${name.trim()}`,
          role,
          scope: scopeOf(scope),
          expiresAt: startOfDayAfter(until) ?? null,
          reason: reason.trim() || null,
        })
      }}
    >
      <div className="access-row">
        <SelectField label="To" value={kind} options={kinds} onChange={(value) => setKind(value ?? 'user')} />
        <Field label="Name, as the provider of identities tells it">
          <input
            className="input"
            required
            autoComplete="off"
            spellCheck={false}
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </Field>
      </div>
      <RoleField value={role} choices={choices} onChange={setRole} />
      <ScopeFields draft={scope} onChange={setScope} />
      <DateField label="Last day, if it ends by itself" value={until} onChange={setUntil} />
      <Field label="Why (optional)">
        <input className="input" maxLength={2000} value={reason} onChange={({ target }) => setReason(target.value)} />
      </Field>
      {give.error && <ErrorNote error={give.error} />}
      <button type="submit" className="button button-primary" disabled={give.isPending}>
        {give.isPending ? 'Giving…' : 'Give access'}
      </button>
    </form>
  )
}
