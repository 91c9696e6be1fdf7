import { useState } from 'react'
import { plural } from '../../lib/format'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { CreateTokenDialog } from './CreateToken'
import { RevokeTokenDialog } from './RevokeToken'
import { TokenTable } from './TokenTable'
import { isOver } from './token-state'
import { useTokens, type Token } from './use-access'

/** Tokens of people, programs and recorders: those that work, and on request the others. */
export function Tokens({ mayManage }: { mayManage: boolean }) {
  const [isCreating, setCreating] = useState(false)
  const [revoked, setRevoked] = useState<Token>()
  const [withOld, setWithOld] = useState(false)
  const { data, error, isPending, dataUpdatedAt, refetch } = useTokens()
  if (isPending) return <ListSkeleton rows={4} label="Loading tokens" />
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const working = data.filter((token) => !isOver(token, dataUpdatedAt))
  const old = data.length - working.length
  const shown = withOld ? data : working
  return (
    <section aria-labelledby="tokens">
      <div className="section-head">
        <h2 id="tokens">Tokens that work</h2>
        <p role="status">{plural(working.length, 'token')}</p>
        {old > 0 && (
          <button type="button" className="chip" aria-pressed={withOld} onClick={() => setWithOld(!withOld)}>
            With {plural(old, 'revoked or expired one')}
          </button>
        )}
        {mayManage && (
          <button type="button" className="button button-primary" onClick={() => setCreating(true)}>
            Create a token…
          </button>
        )}
      </div>
      {shown.length === 0 ? (
        <EmptyNote title="There is no token that works." />
      ) : (
        <TokenTable tokens={shown} nowMs={dataUpdatedAt} onRevoke={mayManage ? setRevoked : undefined} />
      )}
      <CreateTokenDialog open={isCreating} onClose={() => setCreating(false)} />
      <RevokeTokenDialog token={revoked} onClose={() => setRevoked(undefined)} />
    </section>
  )
}
