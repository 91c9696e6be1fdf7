import { memo, useCallback, useEffect, useMemo, useRef, type MouseEvent } from 'react'
import { paths } from '../../lib/paths'
import { formatOffset } from '../../lib/time'
import { kindClass, kindNames } from '../../ui/KindBadge'
import { Snippet } from '../../ui/Snippet'
import { runsOf } from './runs'
import type { Playback } from './playback'
import type { PlaybackStore } from './playback-store'
import { indexAt } from './timeline'
import type { Moment } from './use-moments'
import { usePlaybackValue } from './use-playback'
import { bringRowIntoView, rowHeight, useRowsInView } from './use-rows-in-view'

type Props = { moments: Moment[]; words: string; store: PlaybackStore; sessionId: string }

/** Moments in order of time, the one playback stands at marked and kept in view. */
export function MomentList({ moments, words, store, sessionId }: Props) {
  const list = useRef<HTMLOListElement>(null)
  const { first, end } = useRowsInView(list, moments.length)
  const current = useFirstCurrent(moments, store)
  const currentMs = moments[current]?.offsetMs
  useEffect(() => {
    // Somebody who points at the list is reading it, and it must not move away.
    if (current >= 0 && list.current && !list.current.matches(':hover')) bringRowIntoView(list.current, current)
  }, [current])
  const jump = useCallback((offsetMs: number) => store.send({ type: 'seek', toMs: offsetMs }), [store])
  return (
    <ol ref={list} className="moment-list" tabIndex={0} aria-label="Moments in order of time">
      <li aria-hidden="true" style={{ height: first * rowHeight }} />
      {moments.slice(first, end).map((moment, index) => (
        <li key={moment.id} aria-setsize={moments.length} aria-posinset={first + index + 1}>
          <MomentRow
            moment={moment}
            words={words}
            isCurrent={moment.offsetMs === currentMs}
            sessionId={sessionId}
            onJump={jump}
          />
        </li>
      ))}
      <li aria-hidden="true" style={{ height: (moments.length - end) * rowHeight }} />
    </ol>
  )
}

/** A screen of lines comes at one time: the first of those that came last, or -1 before any came. */
function useFirstCurrent(moments: Moment[], store: PlaybackStore): number {
  const times = useMemo(() => moments.map((moment) => moment.offsetMs), [moments])
  const select = useCallback(
    (playback: Playback) => {
      const last = times[indexAt(times, playback.positionMs)]
      return last === undefined ? -1 : indexAt(times, last - 1) + 1
    },
    [times],
  )
  return usePlaybackValue(store, select)
}

type RowProps = {
  moment: Moment
  words: string
  isCurrent: boolean
  sessionId: string
  onJump: (offsetMs: number) => void
}

const MomentRow = memo(function MomentRow({ moment, words, isCurrent, sessionId, onJump }: RowProps) {
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    onJump(moment.offsetMs)
  }
  return (
    <a
      href={paths.session(sessionId, { t: moment.offsetMs })}
      className={`moment ${kindClass(moment.kind)}`}
      aria-current={isCurrent ? 'time' : undefined}
      title={moment.text}
      onClick={onClick}
    >
      <span className="moment-offset numeric">{formatOffset(moment.offsetMs)}</span>
      <span className="moment-kind">{kindNames[moment.kind]}</span>
      <Snippet runs={runsOf(moment.kind === 'CHANGE' ? 'Much of the screen changed' : moment.text, words)} />
    </a>
  )
})
