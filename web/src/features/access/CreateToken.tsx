import { useState } from 'react'
import type { Role } from '../../gql/graphql'
import { startOfDayAfter } from '../../lib/time'
import { CopyButton } from '../../ui/CopyButton'
import { Dialog } from '../../ui/Dialog'
import { DateField, Field } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { RoleField } from './RoleField'
import { everything, scopeOf } from './scope'
import { ScopeFields } from './ScopeFields'
import { useCreateToken } from './use-access'
import { roleChoices } from './words'

export function CreateTokenDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog title="Create a token" open={open} onClose={onClose}>
      {open && <CreateToken onClose={onClose} />}
    </Dialog>
  )
}

/** Upload tokens are made at the launch of a session. */
const choices = roleChoices.filter((role) => role !== 'UPLOAD')

function CreateToken({ onClose }: { onClose: () => void }) {
  const create = useCreateToken()
  if (create.data) return <Created text={create.data.createToken.text} onClose={onClose} />
  return <CreateTokenForm create={create} />
}

function CreateTokenForm({ create }: { create: ReturnType<typeof useCreateToken> }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('AUDITOR')
  const [user, setUser] = useState('')
  const [site, setSite] = useState('')
  const [scope, setScope] = useState(everything)
  const [until, setUntil] = useState<string>()
  const isRecorder = role === 'RECORDER'
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate({
          name: name.trim(),
          role,
          scope: isRecorder ? null : scopeOf(scope),
          user: user.trim() || null,
          site: (isRecorder && site.trim()) || null,
          expiresAt: startOfDayAfter(until) ?? null,
        })
      }}
    >
      <Field label="What it is for, or whose it is">
        <input className="input" required maxLength={100} value={name} onChange={({ target }) => setName(target.value)} />
      </Field>
      <RoleField value={role} choices={choices} onChange={setRole} />
      {isRecorder ? (
        <Field label="The one site that it works for (optional)">
          <input className="input" value={site} onChange={({ target }) => setSite(target.value)} />
        </Field>
      ) : (
        <>
          <Field label={role === 'OWN' ? 'User whose sessions are its own' : 'User whose sessions are its own (optional)'}>
            <input
              className="input"
              required={role === 'OWN'}
              value={user}
              onChange={({ target }) => setUser(target.value)}
            />
          </Field>
          <ScopeFields draft={scope} onChange={setScope} />
        </>
      )}
      <DateField label="Last day that it works, if ever" value={until} onChange={setUntil} />
      {create.error && <ErrorNote error={create.error} />}
      <button type="submit" className="button button-primary" disabled={create.isPending}>
        {create.isPending ? 'Creating…' : 'Create'}
      </button>
    </form>
  )
}

/** The text of a token: the server keeps its hash only. */
function Created({ text, onClose }: { text: string; onClose: () => void }) {
  return (
    <div className="dialog-form">
      <p>
        <strong>Copy it now.</strong> Nobody can find it out again: only its hash is kept.
      </p>
      <div className="token-text">
        <code data-testid="token-text">{text}</code>
        <CopyButton label="Copy" text={() => text} />
      </div>
      <button type="button" className="button button-primary" onClick={onClose}>
        I have it
      </button>
    </div>
  )
}
