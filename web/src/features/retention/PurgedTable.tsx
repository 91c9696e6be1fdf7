import { Link } from '@tanstack/react-router'
import { formatBytes, formatCount } from '../../lib/format'
import { DataTable } from '../../ui/DataTable'
import { Time } from '../../ui/Time'
import type { Purged } from './use-retention'
import { purgedBy } from './words'

const columns = ['Purged', 'User', 'Target', 'Started', 'Events', 'Size', 'By', 'Why']

export function PurgedTable({ purged }: { purged: readonly Purged[] }) {
  return (
    <DataTable label="Purged recordings" head={columns}>
      {purged.map((each) => (
        <PurgedRow key={each.id} purged={each} />
      ))}
    </DataTable>
  )
}

function PurgedRow({ purged }: { purged: Purged }) {
  const { id, at, by, reason, user, host, target, startedAt, events, bytes } = purged
  return (
    <tr>
      <th scope="row" data-label="Purged">
        <Link to="/sessions/$id" params={{ id }}>
          <Time at={at} />
        </Link>
      </th>
      <td data-label="User">{user}</td>
      <td data-label="Target">{target ?? host}</td>
      <td data-label="Started">{startedAt && <Time at={startedAt} />}</td>
      <td data-label="Events" className="numeric">
        {events !== null && formatCount(events)}
      </td>
      <td data-label="Size" className="numeric">
        {bytes ? formatBytes(bytes) : null}
      </td>
      <td data-label="By">{purgedBy(by)}</td>
      <td data-label="Why" className="purged-why">
        {reason}
      </td>
    </tr>
  )
}
