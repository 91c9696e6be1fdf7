import { Link } from '@tanstack/react-router'
import { formatCount } from '../../lib/format'
import { LoadMore } from '../../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { EventTable } from './EventTable'
import { windowBefore } from './positions'
import { useLogWindow, useSessionEvents, type LogHead } from './use-log'

/** All events, a window at a time, newest first. */
export function LatestEvents({ before, head }: { before: string | undefined; head: LogHead }) {
  const { data, error, isPending, refetch } = useLogWindow(before, head.size)
  const { older, newer } = windowBefore(before, head.size)
  if (head.size === '0') {
    return (
      <EmptyNote title="The log is empty.">
        <span>It fills with the first recording, token or setting.</span>
      </EmptyNote>
    )
  }
  if (isPending) return <ListSkeleton rows={8} label="Loading events" />
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const first = data[0]?.position
  const last = data.at(-1)?.position
  return (
    <>
      <nav className="log-pages" aria-label="Pages of the log">
        <span className="numeric" role="status">
          {first && last && `Events ${formatCount(last)} to ${formatCount(first)}`}
        </span>
        <span>
          <PageLink label="Newer" before={newer} />
          <PageLink label="Older" before={older} />
        </span>
      </nav>
      <EventTable events={data} head={head} />
    </>
  )
}

function PageLink({ label, before }: { label: string; before: string | undefined }) {
  if (before === undefined) {
    return (
      <button type="button" className="button" disabled>
        {label}
      </button>
    )
  }
  return (
    <Link to="/log" search={before === 'latest' ? {} : { before }} resetScroll={false} className="button">
      {label}
    </Link>
  )
}

/** The events of one session, oldest first. */
export function SessionEvents({ session, head }: { session: string; head: LogHead }) {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useSessionEvents(session)
  if (isPending) return <ListSkeleton rows={8} label="Loading events" />
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const events = data.pages.flatMap((page) => page.events.nodes)
  return (
    <>
      <nav className="log-pages" aria-label="Pages of the log">
        <span>
          Only events of{' '}
          <Link to="/sessions/$id" params={{ id: session }}>
            this session
          </Link>
          , oldest first
        </span>
        <Link to="/log" className="button">
          Show all events
        </Link>
      </nav>
      {events.length === 0 ? (
        <EmptyNote title="The log holds no events of this session." />
      ) : (
        <EventTable events={events} head={head} />
      )}
      <LoadMore hasMore={hasNextPage} isLoading={isFetchingNextPage} onMore={() => void fetchNextPage()} />
    </>
  )
}
