import { memo, type MouseEvent } from 'react'
import { paths } from '../../lib/paths'
import { formatOffset } from '../../lib/time'
import { kindClass, kindNames } from '../../ui/KindBadge'
import { Snippet } from '../../ui/Snippet'
import { hiddenLabel, type Redaction } from '../redaction/hidden'
import type { Moment } from './pages'

type Run = { text: string; match: boolean }

/** What rows have in common. */
export type RowLook = {
  sessionId: string
  redactions: readonly Redaction[]
  /** The text of a moment with what was looked for marked. */
  runsOf: (moment: Moment) => readonly Run[] | undefined
}

type Props = {
  moment: Moment
  look: RowLook
  isCurrent: boolean
  isSelected: boolean
  onSelect: (moment: Moment) => void
}

export const TimelineRow = memo(function TimelineRow({ moment, look, isCurrent, isSelected, onSelect }: Props) {
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    onSelect(moment)
  }
  const failed = moment.exitStatus !== null && moment.exitStatus !== 0
  return (
    <a
      href={paths.session(look.sessionId, { t: moment.offsetMs })}
      className={`moment ${kindClass(moment.kind)}`}
      aria-current={isCurrent ? 'time' : undefined}
      data-selected={isSelected || undefined}
      title={moment.text}
      onClick={onClick}
    >
      <span className="moment-offset numeric">{formatOffset(moment.offsetMs)}</span>
      <span className="moment-kind">{kindNames[moment.kind]}</span>
      <span className="moment-text">
        <Snippet runs={look.runsOf(moment) ?? [{ text: lineOf(moment), match: false }]} />
        {moment.redacted && (
          <span className="badge badge-hidden">
            {hiddenLabel(look.redactions, moment.startMs, moment.offsetMs)}
          </span>
        )}
        {failed && (
          <span className="badge badge-failed" title={`Exit status ${moment.exitStatus}`}>
            {moment.exitStatus}
          </span>
        )}
      </span>
    </a>
  )
})

/** A moment in one line. Of keys, what they made of the line; of a process, not the user below it. */
function lineOf({ kind, text }: Moment): string {
  if (kind === 'CHANGE') return 'Much of the screen changed'
  if (kind === 'KEYS' || kind === 'PROCESS') return text.split('\n', 1)[0] ?? ''
  return text
}
