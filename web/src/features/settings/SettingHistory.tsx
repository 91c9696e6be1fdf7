import { Link } from '@tanstack/react-router'
import { plural } from '../../lib/format'
import { ErrorNote, ListSkeleton } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { shownValue } from './grouping'
import type { Draft } from './SettingEditor'
import { useSettingHistory, type SettingChange } from './use-settings'

type Props = { name: string; mayChange: boolean; onUndo: (draft: Draft) => void }

/** Who set it to what, when and why; each change can be undone, which is a change too. */
export function SettingHistory({ name, mayChange, onUndo }: Props) {
  const { data, error, isPending, refetch } = useSettingHistory(name)
  if (isPending) return <ListSkeleton rows={1} label={`Loading the history of ${name}`} />
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />
  return (
    <div className="setting-history">
      <h4>{plural(data.length, 'change')}, the newest first</h4>
      <ol>
        {data.map((change) => (
          <li key={change.position}>
            <span className="setting-step">
              <code>{shownValue(change.old)}</code> <span aria-label="to">→</span> <code>{shownValue(change.new)}</code>
            </span>
            <span>
              by <strong>{change.by}</strong>, <Time at={change.at} />
              {change.reason && <>: “{change.reason}”</>}
            </span>
            <span className="setting-history-actions">
              <Link to="/log" search={{ before: after(change) }} className="button button-quiet">
                In the log
              </Link>
              {mayChange && (
                <button
                  type="button"
                  className="button"
                  aria-label={`Undo: set ${name} back to ${shownValue(change.old)}`}
                  onClick={() => onUndo(undoOf(change))}
                >
                  Undo
                </button>
              )}
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}

/** A window of the log that begins with the change. */
const after = ({ position }: SettingChange) => String(BigInt(position) + 1n)

export function undoOf({ old, position, by }: SettingChange): Draft {
  return { value: old, reason: `Undo of the change at position ${position} by ${by}` }
}
