import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, plural } from '../../lib/format'
import type { SessionsSearch } from '../../lib/paths'
import { saveFile } from '../../lib/save-file'
import { ErrorNote } from '../../ui/notes'
import { useRights } from '../auth/use-rights'
import { HoldDialog } from '../retention/HoldDialog'
import { ColumnChooser } from './ColumnChooser'
import type { useColumns } from './columns'
import { ReviewDialog } from './ReviewDialog'
import { sessionsCsv } from './sessions-csv'
import type { Selection } from './use-selection'
import { readWhole, wholeMax, type SessionRow } from './use-sessions'

type Props = {
  search: SessionsSearch
  /** Those of the rows shown that are ticked. */
  selected: readonly SessionRow[]
  selection: Selection
  columns: ReturnType<typeof useColumns>
}

/** What can be done with the rows: those that are ticked, or all. */
export function SessionTools({ search, selected, selection, columns }: Props) {
  const [isReviewing, setReviewing] = useState(false)
  const [isHolding, setHolding] = useState(false)
  const mayHold = useRights().somewhere.includes('HOLD')
  const ids = selected.map(({ id }) => id)
  const csv = useMutation({
    mutationFn: async () => {
      const { sessions, isCut } = selected.length > 0 ? { sessions: selected, isCut: false } : await readWhole(search)
      saveFile('sessions.csv', 'text/csv;charset=utf-8', sessionsCsv(sessions, columns.shown))
      return isCut
    },
  })
  return (
    <>
      <div className="session-tools" role="group" aria-label="Selected sessions">
        <span className="session-tools-count" role="status">
          {selected.length > 0 ? `${plural(selected.length, 'session')} selected` : 'None selected'}
        </span>
        {selected.length > 0 && (
          <button type="button" className="button button-quiet" onClick={() => selection.set([])}>
            Clear selection
          </button>
        )}
        <button
          type="button"
          className="button"
          disabled={selected.length === 0}
          onClick={() => setReviewing(true)}
        >
          Mark reviewed…
        </button>
        {mayHold && (
          <button type="button" className="button" disabled={selected.length === 0} onClick={() => setHolding(true)}>
            Hold…
          </button>
        )}
        <button type="button" className="button" disabled={csv.isPending} onClick={() => csv.mutate()}>
          {csv.isPending ? 'Reading…' : selected.length > 0 ? 'CSV of selected' : 'CSV'}
        </button>
        <ColumnChooser shown={columns.shown} onToggle={columns.toggle} />
      </div>
      {csv.error && <ErrorNote error={csv.error} />}
      {csv.data && (
        <p role="status" className="session-tools-count">
          The file holds the first {formatCount(wholeMax)} sessions only: filter to get others.
        </p>
      )}
      <ReviewDialog
        sessions={ids}
        open={isReviewing}
        onClose={() => setReviewing(false)}
        onDone={() => {
          setReviewing(false)
          selection.set([])
        }}
      />
      {isHolding && (
        <HoldDialog
          sessions={ids}
          onClose={() => setHolding(false)}
          onDone={() => {
            setHolding(false)
            selection.set([])
          }}
        />
      )}
    </>
  )
}
