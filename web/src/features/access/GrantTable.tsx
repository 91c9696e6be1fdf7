import { DataTable } from '../../ui/DataTable'
import { Time } from '../../ui/Time'
import type { Grant } from './use-access'
import { roleHelp, roleNames, scopeText } from './words'

type Props = { grants: readonly Grant[]; onWithdraw: ((grant: Grant) => void) | undefined }

const columns = ['Who', 'Role', 'Sessions', 'Since', 'By', 'Until']

export function GrantTable({ grants, onWithdraw }: Props) {
  return (
    <DataTable label="Table of grants" head={onWithdraw ? [...columns, 'Actions'] : columns}>
      {grants.map((grant) => (
        <tr key={grant.id}>
          <th scope="row" data-label="Who">
            {grant.to}
          </th>
          <td data-label="Role" title={roleHelp[grant.role]}>
            {roleNames[grant.role]}
          </td>
          <td data-label="Sessions">{scopeText(grant.scope)}</td>
          <td data-label="Since">
            <Time at={grant.givenAt} />
          </td>
          <td data-label="By">
            {grant.by}
            {grant.reason && <div className="cell-note">“{grant.reason}”</div>}
          </td>
          <td data-label="Until">{grant.expiresAt ? <Time at={grant.expiresAt} /> : 'it is withdrawn'}</td>
          {onWithdraw && (
            <td data-label="Actions">
              <button
                type="button"
                className="button"
                aria-label={`Withdraw ${roleNames[grant.role]} from ${grant.to}`}
                onClick={() => onWithdraw(grant)}
              >
                Withdraw…
              </button>
            </td>
          )}
        </tr>
      ))}
    </DataTable>
  )
}
