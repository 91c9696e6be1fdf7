import { useMemo } from 'react'
import { formatCount, plural } from '../../lib/format'
import { ErrorNote } from '../../ui/notes'
import type { Line } from './lines'
import { useBlobCheck } from './use-evidence'
import { Verdict } from './Verdict'

/** Footage stands beside the log: events hold its SHA-256. */
export function FootageCheck({ session, lines }: { session: string; lines: readonly Line[] }) {
  const blobs = useMemo(() => [...new Set(lines.flatMap(({ blob }) => blob ?? []))], [lines])
  const { mutate, isPending, error, checked } = useBlobCheck(session, blobs)
  if (blobs.length === 0) return null
  const isDone = checked !== undefined && checked.done === checked.total
  const isBad = checked !== undefined && checked.wrong.length > 0
  return (
    <div className="evidence-footage" role="status">
      {isDone && !isBad && (
        <Verdict looks="good">
          {plural(checked.total, 'piece')} of footage {checked.total === 1 ? 'is' : 'are'} what the events say, hashed in this browser.
        </Verdict>
      )}
      {isBad && (
        <Verdict looks="bad">
          {plural(checked.wrong.length, 'piece')} of footage {checked.wrong.length === 1 ? 'is' : 'are'} not what the events say:{' '}
          <code>{checked.wrong.join(' ')}</code>
        </Verdict>
      )}
      {error && <ErrorNote error={error} />}
      {!isDone && (
        <div className="evidence-ask">
          <button type="button" className="button" disabled={isPending} onClick={() => mutate()}>
            {isPending ? 'Hashing footage…' : `Verify ${plural(blobs.length, 'piece')} of footage, too`}
          </button>
          {checked && (
            <span className="numeric">
              {formatCount(checked.done)} of {formatCount(checked.total)}
            </span>
          )}
        </div>
      )}
    </div>
  )
}
