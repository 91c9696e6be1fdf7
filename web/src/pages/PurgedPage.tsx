import { Link } from '@tanstack/react-router'
import { PurgedTable } from '../features/retention/PurgedTable'
import '../features/retention/retention.css'
import { usePurgedSessions } from '../features/retention/use-retention'
import { useTitle } from '../lib/use-title'
import { LoadMore } from '../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

export function PurgedPage() {
  useTitle('Purged recordings')
  return (
    <div className="page">
      <div className="page-head">
        <h1>Purged recordings</h1>
        <p>What stays of sessions whose recordings were destroyed, the latest first.</p>
      </div>
      <PurgedList />
    </div>
  )
}

function PurgedList() {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = usePurgedSessions()
  if (isPending) return <ListSkeleton rows={6} label="Loading what was purged" />
  if (error && !data) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const purged = data.pages.flatMap((page) => page.purgedSessions.nodes)
  if (purged.length === 0) {
    return (
      <EmptyNote title="No recording was purged.">
        <span>All that was recorded, of the sessions that you may see, is there.</span>
        <Link to="/sessions" className="button">
          All sessions
        </Link>
      </EmptyNote>
    )
  }
  return (
    <>
      <PurgedTable purged={purged} />
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      <LoadMore hasMore={hasNextPage} isLoading={isFetchingNextPage} onMore={() => void fetchNextPage()} />
    </>
  )
}
