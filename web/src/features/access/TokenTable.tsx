import { DataTable } from '../../ui/DataTable'
import { Time } from '../../ui/Time'
import { stateOf } from './token-state'
import type { Token } from './use-access'
import { roleHelp, roleNames, scopeText } from './words'

type Props = { tokens: readonly Token[]; nowMs: number; onRevoke: ((token: Token) => void) | undefined }

const columns = ['Name', 'Role', 'Sessions', 'Created', 'Expires', 'Last used', 'State']

export function TokenTable({ tokens, nowMs, onRevoke }: Props) {
  return (
    <DataTable label="Table of tokens" head={onRevoke ? [...columns, 'Actions'] : columns}>
      {tokens.map((token) => (
        <tr key={token.id} data-over={stateOf(token, nowMs) !== 'Works' || undefined}>
          <th scope="row" data-label="Name">
            {token.name}
            <div className="cell-note mono">{token.prefix}…</div>
          </th>
          <td data-label="Role" title={roleHelp[token.role]}>
            {roleNames[token.role]}
            {token.user && <div className="cell-note">user {token.user}</div>}
          </td>
          <td data-label="Sessions">{token.site ? `site ${token.site}` : scopeText(token.scope)}</td>
          <td data-label="Created">
            <Time at={token.createdAt} />
            <div className="cell-note">by {token.createdBy}</div>
          </td>
          <td data-label="Expires">{token.expiresAt ? <Time at={token.expiresAt} /> : 'never'}</td>
          <td data-label="Last used">
            {token.lastUsedAt ? <Time at={token.lastUsedAt} /> : 'not lately'}
            {token.lastUsedFrom && <div className="cell-note">from {token.lastUsedFrom}</div>}
          </td>
          <td data-label="State">
            <State token={token} nowMs={nowMs} />
          </td>
          {onRevoke && (
            <td data-label="Actions">
              {stateOf(token, nowMs) === 'Works' && (
                <button
                  type="button"
                  className="button"
                  aria-label={`Revoke ${token.name}, ${token.prefix}`}
                  onClick={() => onRevoke(token)}
                >
                  Revoke…
                </button>
              )}
            </td>
          )}
        </tr>
      ))}
    </DataTable>
  )
}

function State({ token, nowMs }: { token: Token; nowMs: number }) {
  const state = stateOf(token, nowMs)
  return (
    <>
      <span className={`badge ${state === 'Works' ? 'badge-active' : ''}`}>{state}</span>
      {token.revokedAt && (
        <div className="cell-note">
          <Time at={token.revokedAt} />
        </div>
      )}
    </>
  )
}
