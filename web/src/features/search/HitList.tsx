import { plural } from '../../lib/format'
import type { FindSearch } from '../../lib/paths'
import { LoadMore } from '../../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { HitItem } from './HitItem'
import { useSearch } from './use-search'

export function HitList({ search }: { search: FindSearch }) {
  const { data, error, isPending, isPlaceholderData, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } =
    useSearch(search)
  if (isPending) return <ListSkeleton rows={6} label="Searching" />
  if (error && !data) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const first = data.pages[0]?.search
  const hits = data.pages.flatMap((page) => page.search.edges)
  return (
    <section aria-label="Search results" aria-busy={isPlaceholderData}>
      <p className="result-count" role="status">
        {plural(first?.totalCount ?? 0, 'moment')} in {(first?.tookMs ?? 0).toFixed(1)} ms
      </p>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {hits.length === 0 ? (
        <EmptyNote title={`Nothing found for “${search.q}”.`}>
          <span>Try fewer or shorter words, or take away a filter. All words must occur in the same line.</span>
        </EmptyNote>
      ) : (
        <ol className="panel hits">
          {hits.map(({ cursor, node }) => (
            <HitItem key={cursor} hit={node} />
          ))}
        </ol>
      )}
      <LoadMore
        hasMore={hasNextPage}
        isLoading={isFetchingNextPage}
        label="More results"
        onMore={() => void fetchNextPage()}
      />
    </section>
  )
}
