import { useState } from 'react'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { useWithdrawGrant, type Grant } from './use-access'
import { roleNames, scopeText } from './words'

type Props = { grant: Grant | undefined; onClose: () => void }

export function WithdrawGrantDialog({ grant, onClose }: Props) {
  return (
    <Dialog title="Withdraw access" open={grant !== undefined} onClose={onClose}>
      {grant && <WithdrawForm key={grant.id} grant={grant} onDone={onClose} />}
    </Dialog>
  )
}

function WithdrawForm({ grant, onDone }: { grant: Grant; onDone: () => void }) {
  const [reason, setReason] = useState('')
  const withdraw = useWithdrawGrant(onDone)
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault()
        withdraw.mutate({ id: grant.id, reason: reason.trim() || null })
      }}
    >
      <p>
        <strong>{grant.to}</strong> loses the role “{roleNames[grant.role]}” ({scopeText(grant.scope)}) at once, also in
        browsers that are signed in.
      </p>
      <Field label="Why (optional)">
        <input className="input" maxLength={2000} value={reason} onChange={({ target }) => setReason(target.value)} />
      </Field>
      {withdraw.error && <ErrorNote error={withdraw.error} />}
      <button type="submit" className="button button-danger" disabled={withdraw.isPending}>
        {withdraw.isPending ? 'Withdrawing…' : 'Withdraw'}
      </button>
    </form>
  )
}
