import { Dialog } from '../../ui/Dialog'
import { ErrorNote } from '../../ui/notes'
import { useRevokeToken, type Token } from './use-access'

export function RevokeTokenDialog({ token, onClose }: { token: Token | undefined; onClose: () => void }) {
  return (
    <Dialog title="Revoke a token" open={token !== undefined} onClose={onClose}>
      {token && <Revoke key={token.id} token={token} onDone={onClose} />}
    </Dialog>
  )
}

function Revoke({ token, onDone }: { token: Token; onDone: () => void }) {
  const revoke = useRevokeToken(onDone)
  return (
    <div className="dialog-form">
      <p>
        <strong>{token.name}</strong> (<code>{token.prefix}…</code>) stops to work at once, and so do the browsers that
        were signed in with it. That cannot be taken back.
      </p>
      {revoke.error && <ErrorNote error={revoke.error} />}
      <div className="form-actions">
        <button
          type="button"
          className="button button-danger"
          disabled={revoke.isPending}
          onClick={() => revoke.mutate(token.id)}
        >
          {revoke.isPending ? 'Revoking…' : 'Revoke'}
        </button>
        <button type="button" className="button button-quiet" onClick={onDone}>
          Cancel
        </button>
      </div>
    </div>
  )
}
