import { getRouteApi, Link } from '@tanstack/react-router'
import { LatestEvents, SessionEvents } from '../features/log/LogEvents'
import { LogHeadPanel } from '../features/log/LogHeadPanel'
import { useLogHead } from '../features/log/use-log'
import '../features/log/log.css'
import '../features/sessions/sessions.css'
import { useTitle } from '../lib/use-title'
import { ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/log')

export function LogPage() {
  useTitle('Log')
  const { before, session } = route.useSearch()
  const { data: head, error, isPending, refetch } = useLogHead()
  return (
    <div className="page">
      <div className="page-head">
        <h1>Log</h1>
        <p>
          Everything that happened, in one order, provable and never changed. <Link to="/purged">Purged recordings</Link>
        </p>
      </div>
      {isPending ? (
        <ListSkeleton rows={8} label="Loading the log" />
      ) : !head ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <LogHeadPanel head={head} />
          {session ? <SessionEvents session={session} head={head} /> : <LatestEvents before={before} head={head} />}
        </>
      )}
    </div>
  )
}
