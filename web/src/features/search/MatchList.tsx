import type { FindSearch } from '../../lib/paths'
import { useDebounced } from '../../lib/use-debounced'
import { LoadMore } from '../../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { MatchItem } from './MatchItem'
import type { useSearch } from './use-search'
import { useLast } from './use-last'

/** Whoever types on within this time has not stopped. */
const settledMs = 400

type Props = { search: FindSearch; results: ReturnType<typeof useSearch> }

/** The sessions with hits. While a text cannot be understood, what the last one found stays. */
export function MatchList({ search, results }: Props) {
  const { data, error, isPlaceholderData, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } = results
  const shown = useLast(data)
  const isStale = isPlaceholderData || (error !== null && !data)
  const text = search.q?.trim() ?? ''
  const isSettled = useDebounced(text, settledMs) === text && !isStale
  return (
    <section className="matches" aria-label="Search results" aria-busy={isStale}>
      {error && !isAboutText(error) && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!shown && !error && <ListSkeleton rows={6} label="Searching" />}
      {shown?.pages[0]?.searchSessions.totalCount === 0 && !isStale && (
        <EmptyNote title={`Nothing found for “${text}”.`}>
          <span>Try fewer or shorter words, or take away a filter. All words must occur in the same line.</span>
        </EmptyNote>
      )}
      {shown?.pages.flatMap(({ searchSessions }) =>
        searchSessions.nodes.map((match) => (
          <MatchItem key={match.session.id} match={match} search={search} isSettled={isSettled} />
        )),
      )}
      <LoadMore
        hasMore={hasNextPage && !isStale}
        isLoading={isFetchingNextPage}
        label="More results"
        onMore={() => void fetchNextPage()}
      />
    </section>
  )
}

const isAboutText = (error: Error) => 'span' in error && error.span !== undefined
