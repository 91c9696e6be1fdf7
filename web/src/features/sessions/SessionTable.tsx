import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useEffectEvent, useRef } from 'react'
import type { Column } from './columns'
import { SessionTableRow } from './SessionTableRow'
import type { Selection } from './use-selection'
import type { SessionRow } from './use-sessions'

const rowHeight = 54
const overscan = 12
/** The next page is asked for this many rows before the end of what is there. */
const loadAhead = 20

type Props = {
  sessions: readonly SessionRow[]
  columns: readonly Column[]
  total: number
  /** When the rows were as they are shown. */
  nowMs: number
  selection: Selection
  hasMore: boolean
  onMore: () => void
}

/** A table of any length: only the rows in sight, and some around them, are in the document. */
export function SessionTable({ sessions, columns, total, nowMs, selection, hasMore, onMore }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  // Its answers change between renders, so this component must not be memoized; nothing does.
  // oxlint-disable-next-line react/incompatible-library
  const virtualizer = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => sessions[index]?.id ?? index,
    overscan,
    useFlushSync: false,
  })
  const items = virtualizer.getVirtualItems()
  const above = items[0]?.start ?? 0
  const below = Math.max(0, virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0))
  const isNearEnd = (items.at(-1)?.index ?? 0) + loadAhead >= sessions.length
  useMore(isNearEnd && hasMore ? sessions.length : undefined, onMore)
  const isAll = sessions.length > 0 && sessions.every(({ id }) => selection.has(id))
  return (
    <div className="panel table-panel session-scroller" ref={scroller} data-scroll-restoration-id="sessions">
      <table className="table session-table" aria-label="Sessions" aria-rowcount={total + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className="col-select">
              <input
                type="checkbox"
                aria-label="Select all that are loaded"
                checked={isAll}
                onChange={() => selection.set(isAll ? [] : sessions.map(({ id }) => id))}
              />
            </th>
            <th scope="col" className="col-session">
              Session
            </th>
            {columns.map(({ id, title, isNumeric }) => (
              <th key={id} scope="col" className={`col-${id}${isNumeric ? ' right' : ''}`}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        {above > 0 && <Spacer height={above} />}
        <tbody>
          {items.map(({ index, key }) => {
            const session = sessions[index]
            if (!session) return null
            return (
              <SessionTableRow
                key={key}
                ref={virtualizer.measureElement}
                index={index}
                session={session}
                columns={columns}
                nowMs={nowMs}
                isSelected={selection.has(session.id)}
                onSelect={selection.toggle}
              />
            )
          })}
        </tbody>
        {below > 0 && <Spacer height={below} />}
      </table>
      {hasMore && <p className="table-more">Loading more…</p>}
    </div>
  )
}

/** Stands for the rows that are not in the document. */
function Spacer({ height }: { height: number }) {
  return (
    <tbody aria-hidden="true">
      <tr className="spacer" style={{ height }}>
        {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label */}
        <td />
      </tr>
    </tbody>
  )
}

/** Asks for more once for each number of rows that was not enough. */
function useMore(notEnough: number | undefined, onMore: () => void) {
  const more = useEffectEvent(onMore)
  useEffect(() => {
    if (notEnough !== undefined) more()
  }, [notEnough])
}
