import { getRouteApi, Link } from '@tanstack/react-router'
import { useColumns } from '../features/sessions/columns'
import { SessionFilters } from '../features/sessions/SessionFilters'
import '../features/sessions/sessions.css'
import { SessionTable } from '../features/sessions/SessionTable'
import { SessionTools } from '../features/sessions/SessionTools'
import { useFacets } from '../features/sessions/use-facets'
import { useSelection } from '../features/sessions/use-selection'
import { liveFirst } from '../features/sessions/live-list'
import { useLiveSessions } from '../features/sessions/use-live-sessions'
import { filterOf, useSessions, type SessionRow } from '../features/sessions/use-sessions'
import { plural } from '../lib/format'
import type { SessionsSearch } from '../lib/paths'
import { useNow } from '../lib/use-now'
import { useIsHere } from '../lib/use-is-here'
import { useTitle } from '../lib/use-title'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/sessions')

export function SessionsPage() {
  useTitle('Sessions')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const isHere = useIsHere()
  const facets = useFacets()
  const live = useLiveSessions(filterOf(search), search.state !== 'ENDED')
  const sessions = useSessions(search, live !== undefined)
  const total = sessions.data?.pages[0]?.sessions.totalCount
  const go = (next: SessionsSearch) => {
    if (isHere()) void navigate({ search: next, replace: true, resetScroll: false })
  }
  const clear = () => go({ order: search.order })
  return (
    <div className="page">
      <div className="page-head">
        <h1>Sessions</h1>
        <p>
          <span role="status">{total === undefined ? ' ' : plural(total, 'session')}</span>
          {' · '}
          <Link to="/purged">Purged</Link>
        </p>
      </div>
      <SessionFilters
        search={search}
        facets={facets.data}
        onChange={(changed) => go({ ...search, ...changed })}
        onClear={clear}
      />
      <Results search={search} sessions={sessions} live={live} onClear={clear} />
    </div>
  )
}

type ResultsProps = {
  search: SessionsSearch
  sessions: ReturnType<typeof useSessions>
  /** Those that go on, as they change. */
  live: readonly SessionRow[] | undefined
  onClear: () => void
}

function Results({ search, sessions, live, onClear }: ResultsProps) {
  const columns = useColumns()
  const selection = useSelection()
  const nowMs = useNow()
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch, dataUpdatedAt } = sessions
  if (isPending) return <ListSkeleton rows={8} label="Loading sessions" />
  if (error && !data) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const nodes = liveFirst(
    data.pages.flatMap((page) => page.sessions.nodes),
    live,
  )
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
      <SessionTools
        search={search}
        selected={nodes.filter(({ id }) => selection.has(id))}
        selection={selection}
        columns={columns}
      />
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      <SessionTable
        sessions={nodes}
        columns={columns.shown}
        total={data.pages[0]?.sessions.totalCount ?? nodes.length}
        nowMs={Math.max(nowMs, dataUpdatedAt)}
        selection={selection}
        hasMore={hasNextPage && !error}
        onMore={() => {
          if (!isFetchingNextPage) void fetchNextPage()
        }}
      />
    </>
  )
}
