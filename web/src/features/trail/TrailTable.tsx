import { Link } from '@tanstack/react-router'
import { formatCount, sessionName } from '../../lib/format'
import { DataTable } from '../../ui/DataTable'
import { Time } from '../../ui/Time'
import { circumstancesOf, describe } from './describe'
import { kindOf, trailKinds } from './kinds'
import type { TrailEntry } from './use-trail'

const columns = ['When', 'Who', 'Kind', 'What', 'Session', 'From', 'Position']

export function TrailTable({ entries }: { entries: readonly TrailEntry[] }) {
  return (
    <DataTable label="Table of the audit trail" head={columns}>
      {entries.map((entry) => (
        <TrailRow key={entry.position} entry={entry} />
      ))}
    </DataTable>
  )
}

function TrailRow({ entry: { position, at, type, by, session, event } }: { entry: TrailEntry }) {
  const { address, reason } = circumstancesOf(type, event?.data)
  const kind = kindOf(type)
  return (
    <tr>
      <td data-label="When">
        <Time at={at} />
      </td>
      <th scope="row" data-label="Who">
        {by || <span className="cell-note">not known</span>}
      </th>
      <td data-label="Kind">
        <span className={`badge ${kind === 'denied' ? 'badge-danger' : ''}`} title={type}>
          {kind ? trailKinds[kind].name : type}
        </span>
      </td>
      <td data-label="What" className="trail-what">
        {describe(type, event?.data)}
        {reason && <div className="cell-note">“{reason}”</div>}
      </td>
      <td data-label="Session">
        {session ? (
          <Link to="/sessions/$id" params={{ id: session.id }}>
            {sessionName(session)}
          </Link>
        ) : (
          event?.session && (
            <Link to="/sessions/$id" params={{ id: event.session }} title="What stays of the session">
              Purged
            </Link>
          )
        )}
      </td>
      <td data-label="From">{address}</td>
      <td data-label="Position" className="numeric">
        <Link to="/log" search={{ before: String(BigInt(position) + 1n) }}>
          {formatCount(position)}
          <span className="visually-hidden"> in the log</span>
        </Link>
      </td>
    </tr>
  )
}
