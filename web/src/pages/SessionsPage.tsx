import { getRouteApi } from '@tanstack/react-router'
import { SessionFilters } from '../features/sessions/SessionFilters'
import '../features/sessions/sessions.css'
import { SessionTable } from '../features/sessions/SessionTable'
import { useFacets } from '../features/sessions/use-facets'
import { useSessions } from '../features/sessions/use-sessions'
import { plural } from '../lib/format'
import type { SessionsSearch } from '../lib/paths'
import { useTitle } from '../lib/use-title'
import { LoadMore } from '../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/sessions')

export function SessionsPage() {
  useTitle('Sessions')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const facets = useFacets()
  const sessions = useSessions(search)
  const total = sessions.data?.pages[0]?.sessions.totalCount
  const go = (next: SessionsSearch) => void navigate({ search: next, replace: true, resetScroll: false })
  const clear = () => go({ order: search.order })
  return (
    <div className="page">
      <div className="page-head">
        <h1>Sessions</h1>
        <p role="status">{total === undefined ? ' ' : plural(total, 'session')}</p>
      </div>
      <SessionFilters
        search={search}
        facets={facets.data}
        onChange={(changed) => go({ ...search, ...changed })}
        onClear={clear}
      />
      <Results sessions={sessions} onClear={clear} />
    </div>
  )
}

type ResultsProps = { sessions: ReturnType<typeof useSessions>; onClear: () => void }

function Results({ sessions, onClear }: ResultsProps) {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = sessions
  if (isPending) return <ListSkeleton rows={8} label="Loading sessions" />
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const nodes = data.pages.flatMap((page) => page.sessions.nodes)
  if (nodes.length === 0) {
    return (
      <EmptyNote title="No session matches.">
        <span>Take away a filter, or import recordings with <code>retrace import FILE</code>.</span>
        <button type="button" className="button" onClick={onClear}>
          Clear filters
        </button>
      </EmptyNote>
    )
  }
  return (
    <>
      <SessionTable sessions={nodes} />
      <LoadMore hasMore={hasNextPage} isLoading={isFetchingNextPage} onMore={() => void fetchNextPage()} />
    </>
  )
}
