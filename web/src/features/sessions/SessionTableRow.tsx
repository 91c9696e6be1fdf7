import { Link } from '@tanstack/react-router'
import type { Ref } from 'react'
import { sessionName } from '../../lib/format'
import { formatAgo } from '../../lib/time'
import { StateBadge } from '../../ui/StateBadge'
import { Time } from '../../ui/Time'
import type { Column } from './columns'
import { Sparkline } from './Sparkline'
import type { SessionRow } from './use-sessions'

type Props = {
  ref: Ref<HTMLTableRowElement>
  index: number
  session: SessionRow
  columns: readonly Column[]
  nowMs: number
  isSelected: boolean
  onSelect: (id: string) => void
}

export function SessionTableRow({ ref, index, session, columns, nowMs, isSelected, onSelect }: Props) {
  const name = sessionName(session)
  return (
    // The row of titles is the first.
    <tr ref={ref} data-index={index} aria-rowindex={index + 2} data-selected={isSelected}>
      <td className="col-select">
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={() => onSelect(session.id)}
        />
      </td>
      <th scope="row" className="col-session">
        <span className="row-name">
          <Link to="/sessions/$id" params={{ id: session.id }} className="row-link">
            {name}
          </Link>
          {session.onHold && <span className="badge badge-warning">On hold</span>}
        </span>
        {session.command && <code className="row-command">{session.command}</code>}
      </th>
      {columns.map((column) => (
        // On a narrow screen the rows become cards, and each cell is named by its label.
        <td
          key={column.id}
          className={`col-${column.id}${column.isNumeric ? ' numeric right' : ''}`}
          data-label={column.title}
        >
          <Cell session={session} column={column} nowMs={nowMs} />
        </td>
      ))}
    </tr>
  )
}

type CellProps = { session: SessionRow; column: Column; nowMs: number }

function Cell({ session, column, nowMs }: CellProps) {
  const text = column.text(session)
  const at = column.at?.(session)
  if (at) return <Time at={at} />
  switch (column.id) {
    case 'activity':
      return <Sparkline activity={session.activityMap} />
    case 'state':
      return <State session={session} nowMs={nowMs} />
    case 'review':
      return <Review session={session} text={text} />
    case 'gaps':
      return session.gaps > 0 ? <span className="badge badge-warning">{text}</span> : '–'
    default:
      return <span title={text}>{text || '–'}</span>
  }
}

function State({ session: { state, lastActivityAt }, nowMs }: { session: SessionRow; nowMs: number }) {
  return (
    <span className="state-cell">
      <StateBadge state={state} />
      {state === 'ACTIVE' && <time dateTime={lastActivityAt}>{formatAgo(nowMs - Date.parse(lastActivityAt))}</time>}
    </span>
  )
}

function Review({ session, text }: { session: SessionRow; text: string }) {
  if (session.review.reviewedAt) {
    return (
      <span className="review-done" title={text}>
        ✓ {text}
      </span>
    )
  }
  return text ? <span className="badge badge-warning">{text}</span> : '–'
}
