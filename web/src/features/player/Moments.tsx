import { useMemo, useState } from 'react'
import type { MomentKind } from '../../gql/graphql'
import { plural } from '../../lib/format'
import { LoadMore } from '../../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { KindChips } from '../../ui/KindChips'
import { MomentList } from './MomentList'
import type { PlaybackStore } from './playback-store'
import { useMoments, type Moment } from './use-moments'

type Props = {
  sessionId: string
  /** Whether more come while it is looked at. */
  isLive: boolean
  store: PlaybackStore
  /** What may occur in it. */
  choices: readonly MomentKind[]
  kinds: MomentKind[] | undefined
  onKinds: (kinds: MomentKind[] | undefined) => void
}

export function Moments({ sessionId, isLive, store, choices, kinds, onKinds }: Props) {
  const [words, setWords] = useState('')
  const query = useMoments(sessionId, kinds, isLive)
  const found = useMemo(() => momentsWith(query.moments, words), [query.moments, words])
  return (
    <section className="panel moments" aria-labelledby="moments-title">
      <div className="moments-head">
        <div className="moments-title">
          <h2 id="moments-title">Moments</h2>
          <span role="status">{query.isPending ? '' : plural(found.length, 'moment')}</span>
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
      <MomentsBody query={query} found={found} words={words} store={store} sessionId={sessionId} />
    </section>
  )
}

type BodyProps = {
  query: ReturnType<typeof useMoments>
  found: Moment[]
  words: string
  store: PlaybackStore
  sessionId: string
}

function MomentsBody({ query, found, words, store, sessionId }: BodyProps) {
  const { moments, error, isPending, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } = query
  if (isPending) return <ListSkeleton rows={7} label="Loading moments" />
  if (error && moments.length === 0) return <ErrorNote error={error} onRetry={() => void refetch()} />
  return (
    <>
      {found.length === 0 ? (
        <EmptyNote title={words ? `Nothing here contains “${words}”.` : 'Nothing of this kind was recorded.'} />
      ) : (
        <MomentList moments={found} words={words} store={store} sessionId={sessionId} />
      )}
      {!isFetchingNextPage && (
        <LoadMore hasMore={hasNextPage} isLoading={false} label="Load the rest" onMore={() => void fetchNextPage()} />
      )}
    </>
  )
}

function momentsWith(moments: Moment[], words: string): Moment[] {
  const wanted = words.trim().toLowerCase()
  return wanted === '' ? moments : moments.filter((moment) => moment.text.toLowerCase().includes(wanted))
}
