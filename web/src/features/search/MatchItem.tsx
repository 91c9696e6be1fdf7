import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { plural, sessionName } from '../../lib/format'
import type { FindSearch } from '../../lib/paths'
import { formatDuration } from '../../lib/time'
import { useDebounced } from '../../lib/use-debounced'
import { LoadMore } from '../../ui/LoadMore'
import { ErrorNote } from '../../ui/notes'
import { StateBadge } from '../../ui/StateBadge'
import { Time } from '../../ui/Time'
import { HitItem } from './HitItem'
import { HitPicture } from './HitPicture'
import { useHitsOfSession, type Hit, type SessionMatch } from './use-search'

type Props = {
  match: SessionMatch
  search: FindSearch
  /** Whether somebody has stopped typing: what costs more than a line is asked for then. */
  isSettled: boolean
}

/** A hit is pointed at where the pointer rests, not where it passes. */
const restMs = 150

/** A session with its best moments; all of them once one asks for them. */
export function MatchItem({ match: { session, hits, hitCount }, search, isSettled }: Props) {
  const [showsAll, setShowsAll] = useState(false)
  const all = useHitsOfSession(search, session.id, showsAll)
  const shown = (showsAll && all.data?.pages.flatMap((page) => page.search.edges.map(({ node }) => node))) || hits
  const name = sessionName(session)
  const [pointed, setPointed] = useState<Hit>()
  const rested = useDebounced(pointed, restMs)
  const pictured = shown.find((hit) => hit === rested) ?? shown[0]
  return (
    <article className="panel match" aria-label={name}>
      <header className="match-head">
        <h2>
          <Link to="/sessions/$id" params={{ id: session.id }}>
            {name}
          </Link>
        </h2>
        <span className="match-count numeric">{plural(hitCount, 'hit')}</span>
        <p className="match-meta">
          {session.user && <span>{session.user}</span>}
          {session.host && <span>{session.host}</span>}
          <Time at={session.startedAt} />
          <span>{formatDuration(session.durationMs)}</span>
          {session.state === 'ACTIVE' && <StateBadge state={session.state} />}
        </p>
      </header>
      {pictured && (
        <HitPicture session={session} name={name} offsetMs={pictured.offsetMs} isSettled={isSettled} />
      )}
      <ol className="hits" aria-busy={showsAll && all.isPending}>
        {shown.map((hit, index) => (
          <HitItem key={index} session={session.id} hit={hit} onPoint={() => setPointed(hit)} />
        ))}
      </ol>
      {showsAll && all.error && <ErrorNote error={all.error} onRetry={() => void all.refetch()} />}
      {showsAll && (
        <LoadMore
          hasMore={all.hasNextPage}
          isLoading={all.isFetchingNextPage}
          label="More hits of this session"
          onMore={() => void all.fetchNextPage()}
        />
      )}
      {hitCount > hits.length && (
        <button
          type="button"
          className="match-more"
          aria-expanded={showsAll}
          onClick={() => setShowsAll(!showsAll)}
        >
          {showsAll ? 'Show the best only' : `Show all ${plural(hitCount, 'hit')}`}
        </button>
      )}
    </article>
  )
}
