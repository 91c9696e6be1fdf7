import { Link } from '@tanstack/react-router'
import type { SessionRowFragment } from '../../gql/graphql'
import { formatBytes, sessionName } from '../../lib/format'
import { formatDateTime, formatDuration } from '../../lib/time'
import { StateBadge } from '../../ui/StateBadge'

export function SessionTable({ sessions }: { sessions: SessionRowFragment[] }) {
  return (
    <div className="panel table-panel">
      <table className="table session-table">
        <thead>
          <tr>
            <th scope="col">Session</th>
            <th scope="col">User</th>
            <th scope="col">Host</th>
            <th scope="col">Started (UTC)</th>
            <th scope="col" className="right">
              Duration
            </th>
            <th scope="col">State</th>
            <th scope="col">Format</th>
            <th scope="col" className="right">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function SessionRow({ session }: { session: SessionRowFragment }) {
  return (
    <tr>
      <th scope="row">
        <Link to="/sessions/$id" params={{ id: session.id }} className="row-link">
          {sessionName(session)}
        </Link>
        {session.command && <code className="row-command">{session.command}</code>}
      </th>
      <Cell label="User">{session.user ?? '–'}</Cell>
      <Cell label="Host">{session.host ?? '–'}</Cell>
      <Cell label="Started" className="numeric">
        <time dateTime={session.startedAt}>{formatDateTime(session.startedAt).replace(' UTC', '')}</time>
      </Cell>
      <Cell label="Duration" className="numeric right">
        {formatDuration(session.durationMs)}
      </Cell>
      <Cell label="State">
        <StateBadge state={session.state} />
      </Cell>
      <Cell label="Format">{session.recording?.format ?? session.protocol ?? '–'}</Cell>
      <Cell label="Size" className="numeric right">
        {session.recording ? formatBytes(session.recording.bytes) : '–'}
      </Cell>
    </tr>
  )
}

type CellProps = { label: string; className?: string; children: React.ReactNode }

/** On a narrow screen the rows become cards, and each cell is named by its label. */
function Cell({ label, className, children }: CellProps) {
  return (
    <td className={className} data-label={label}>
      {children}
    </td>
  )
}
