import { useCallback, useEffect, useMemo, useState } from 'react'
import type { MomentKind } from '../../gql/graphql'
import { plural } from '../../lib/format'
import { playerKinds } from '../../lib/paths'
import { useDebounced } from '../../lib/use-debounced'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { KindChips } from '../../ui/KindChips'
import { useLiveMoments } from '../live/use-live-moments'
import type { PlaybackStore } from '../player/playback-store'
import type { PlayedSession } from '../player/use-session'
import { MomentDetail } from './MomentDetail'
import { covers, type Moment } from './pages'
import { TimelineList } from './TimelineList'
import type { RowLook } from './TimelineRow'
import { asPrefix, useFound } from './use-found'
import { useTimeline, type Feed } from './use-timeline'

type Props = {
  session: PlayedSession
  /** Whether more moments come while it is looked at. */
  isLive: boolean
  store: PlaybackStore
  kinds: MomentKind[] | undefined
  onKinds: (kinds: MomentKind[] | undefined) => void
}

const typedMs = 250

/** What happened in a session, in order: filtered, searched, followed, and each moment in full. */
export function Timeline({ session, isLive, store, kinds, onKinds }: Props) {
  const [words, setWords] = useState('')
  const [isFollowing, setFollowing] = useState(true)
  const [selected, setSelected] = useState<Moment>()
  const wanted = useDebounced(words, typedMs)
  const isSearch = asPrefix(wanted) !== ''
  const found = useFound(session.id, kinds, wanted)
  const timeline = useAround(session.id, kinds, store, isFollowing, !isSearch && !isLive)
  const live = useLiveFeed(session.id, kinds, isLive)
  const feed = isSearch ? found : isLive ? live : timeline
  const choices = useMemo(() => kindsIn(session), [session])
  const look = useMemo<RowLook>(
    () => ({
      sessionId: session.id,
      redactions: session.redactions,
      runsOf: isSearch ? found.runsOf : () => undefined,
    }),
    // oxlint-disable-next-line react/exhaustive-deps -- `runsOf` changes with the moments that were found.
    [session.id, session.redactions, isSearch, found.moments],
  )
  const onSelect = useCallback(
    (moment: Moment) => {
      setSelected(moment)
      store.send({ type: 'seek', toMs: moment.offsetMs })
    },
    [store],
  )
  const stopFollowing = useCallback(() => setFollowing(false), [])
  const total = isSearch ? found.count : isLive ? live.moments.length : momentCount(session, kinds)
  const onClose = useCallback(() => setSelected(undefined), [])
  return (
    <>
      <div className="moments-head">
        <div className="moments-title">
          <span role="status">
            {feed.isPending ? 'Loading…' : `${isSearch && !found.isExact ? 'over ' : ''}${plural(total, 'moment')}`}
          </span>
          <label className="follow" title="Keep the moment that is played in view">
            <input
              type="checkbox"
              checked={isFollowing}
              onChange={({ target }) => setFollowing(target.checked)}
            />
            Follow playback
          </label>
        </div>
        <KindChips label="Kinds of moments" kinds={kinds} choices={choices} onChange={onKinds} />
        <input
          type="search"
          className="input"
          aria-label="Search in this session"
          placeholder="Search in this session"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
      </div>
      <Body feed={feed} isSearch={isSearch} words={wanted}>
        <TimelineList
          key={isSearch ? 'found' : 'all'}
          feed={feed}
          store={store}
          look={look}
          selected={selected?.id}
          isFollowing={isFollowing}
          onSelect={onSelect}
          onScrolled={stopFollowing}
        />
      </Body>
      {selected && <MomentDetail key={selected.id} session={session} moment={selected} onClose={onClose} />}
    </>
  )
}

type BodyProps = { feed: Feed; isSearch: boolean; words: string; children: React.ReactNode }

function Body({ feed, isSearch, words, children }: BodyProps) {
  const { moments, error, isPending, onRetry } = feed
  if (isPending) return <ListSkeleton rows={7} label="Loading moments" />
  if (error && moments.length === 0) return <ErrorNote error={error} onRetry={onRetry} />
  if (moments.length === 0) {
    return <EmptyNote title={isSearch ? `Nothing here contains “${words.trim()}”.` : 'Nothing of this kind was recorded.'} />
  }
  return (
    <>
      {error && <ErrorNote error={error} onRetry={onRetry} />}
      {children}
    </>
  )
}

/** The timeline of a session that goes on, as it comes. */
function useLiveFeed(sessionId: string, kinds: MomentKind[] | undefined, isLive: boolean): Feed {
  const live = useLiveMoments(sessionId, kinds, isLive)
  return { ...live, isOld: false, hasPrevious: false, hasNext: false, isFetching: false, ...nothingToAsk }
}

const nothingToAsk = { onPrevious: () => {}, onNext: () => {}, onRetry: () => {} }

/** The timeline around where playback is; it begins anew there when playback leaves what is loaded. */
function useAround(
  sessionId: string,
  kinds: MomentKind[] | undefined,
  store: PlaybackStore,
  isFollowing: boolean,
  enabled: boolean,
): Feed {
  const [aroundMs, setAroundMs] = useState(() => Math.floor(store.get().positionMs))
  const feed = useTimeline(sessionId, kinds, aroundMs, enabled)
  const { moments, hasPrevious, hasNext, isOld, isFetching } = feed
  useEffect(() => {
    if (!isFollowing || isOld || isFetching || moments.length === 0) return
    const look = () => {
      const positionMs = Math.floor(store.get().positionMs)
      if (!covers(moments, positionMs, hasPrevious, hasNext)) setAroundMs(positionMs)
    }
    look()
    return store.subscribe(look)
  }, [store, isFollowing, moments, hasPrevious, hasNext, isOld, isFetching])
  return feed
}

/** The kinds of moments that there are. */
function kindsIn({ momentMap }: PlayedSession): MomentKind[] {
  return playerKinds.filter((kind) => momentMap.series.some((series) => series.kind === kind))
}

function momentCount({ momentMap }: PlayedSession, kinds: MomentKind[] | undefined): number {
  const counted = momentMap.series.filter(({ kind }) => !kinds || kinds.includes(kind))
  return counted.reduce((sum, { values }) => sum + values.reduce((all, n) => all + n, 0), 0)
}
