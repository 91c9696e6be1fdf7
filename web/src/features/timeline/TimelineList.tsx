import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import type { Playback } from '../player/playback'
import type { PlaybackStore } from '../player/playback-store'
import { indexAt } from '../player/timeline'
import { usePlaybackValue } from '../player/use-playback'
import { bringRowIntoView, rowHeight, useRowsInView } from '../player/use-rows-in-view'
import { rowsAdded, type Moment } from './pages'
import { TimelineRow, type RowLook } from './TimelineRow'
import type { Feed } from './use-timeline'

type Props = {
  feed: Feed
  store: PlaybackStore
  look: RowLook
  selected: string | undefined
  isFollowing: boolean
  onSelect: (moment: Moment) => void
  /** Somebody moved the list by hand. */
  onScrolled: () => void
}

/** So near to an end more is asked for. */
const rowsAhead = 40

/** Moments in order of time, the one playback stands at marked, and kept in view while the list follows. */
export function TimelineList({ feed, store, look, selected, isFollowing, onSelect, onScrolled }: Props) {
  const { moments, hasPrevious, hasNext, isFetching, isOld, error } = feed
  const list = useRef<HTMLOListElement>(null)
  const { first, end } = useRowsInView(list, moments.length)
  const current = useFirstCurrent(moments, store)
  const currentMs = moments[current]?.offsetMs
  useKeptPlace(list, moments)
  useScrolledByHand(list, onScrolled)
  useEffect(() => {
    // Before the first moment the list stands at its beginning, where another one stood elsewhere.
    if (isFollowing && !isOld && list.current) bringRowIntoView(list.current, Math.max(0, current))
  }, [current, isFollowing, isOld])

  const mayAsk = !isFetching && !isOld && !error
  const asksNext = mayAsk && hasNext && (end >= moments.length - rowsAhead || current >= moments.length - rowsAhead)
  const asksPrevious = mayAsk && hasPrevious && !asksNext && first < rowsAhead
  const { onNext, onPrevious } = feed
  useEffect(() => {
    if (asksNext) onNext()
    else if (asksPrevious) onPrevious()
    // oxlint-disable-next-line react/exhaustive-deps -- Asked once each time that it is to be asked.
  }, [asksNext, asksPrevious])

  return (
    <ol
      ref={list}
      className="moment-list"
      tabIndex={0}
      aria-label="Moments in order of time"
      aria-busy={isOld}
    >
      <li aria-hidden="true" style={{ height: first * rowHeight }} />
      {moments.slice(first, end).map((moment, index) => (
        <li
          key={moment.id}
          aria-setsize={hasNext || hasPrevious ? -1 : moments.length}
          aria-posinset={first + index + 1}
        >
          <TimelineRow
            moment={moment}
            look={look}
            isCurrent={moment.offsetMs === currentMs}
            isSelected={moment.id === selected}
            onSelect={onSelect}
          />
        </li>
      ))}
      <li aria-hidden="true" style={{ height: Math.max(0, moments.length - end) * rowHeight }} />
    </ol>
  )
}

/** A screen of lines comes at one time: the first of those that came last, or -1 before any came. */
function useFirstCurrent(moments: readonly Moment[], store: PlaybackStore): number {
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

/** What is loaded before what is seen, or let go, does not move it. */
function useKeptPlace(list: React.RefObject<HTMLElement | null>, moments: readonly Moment[]): void {
  const before = useRef(moments)
  useLayoutEffect(() => {
    const added = rowsAdded(before.current, moments)
    before.current = moments
    if (added !== 0) list.current?.scrollBy(0, added * rowHeight)
  }, [list, moments])
}

const scrollKeys = /^(Arrow(Up|Down)|Page(Up|Down)|Home|End)$/

/** Tells when a person moves the list: with the wheel, a finger, keys, or by its scroll bar. */
function useScrolledByHand(list: React.RefObject<HTMLElement | null>, onScrolled: () => void): void {
  useEffect(() => {
    const element = list.current
    if (!element) return
    const listening = new AbortController()
    const { signal } = listening
    element.addEventListener('wheel', onScrolled, { signal, passive: true })
    element.addEventListener('touchmove', onScrolled, { signal, passive: true })
    element.addEventListener('pointerdown', ({ target }) => target === element && onScrolled(), { signal })
    element.addEventListener('keydown', ({ key }) => scrollKeys.test(key) && onScrolled(), { signal })
    return () => listening.abort()
  }, [list, onScrolled])
}
