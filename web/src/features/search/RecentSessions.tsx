import { Link } from '@tanstack/react-router'
import { sessionName } from '../../lib/format'
import { formatDuration } from '../../lib/time'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { LiveBanner } from '../sessions/LiveBanner'
import type { RecentSession } from '../sessions/use-recent-sessions'

type Props = {
  sessions: RecentSession[] | undefined
  error: unknown
  onRetry: () => void
}

export function RecentSessions({ sessions, error, onRetry }: Props) {
  return (
    <section aria-labelledby="recent-title" className="recent">
      <div className="recent-head">
        <h2 id="recent-title">Recent sessions</h2>
        <LiveBanner />
        <Link to="/sessions">All sessions</Link>
      </div>
      <RecentList sessions={sessions} error={error} onRetry={onRetry} />
    </section>
  )
}

function RecentList({ sessions, error, onRetry }: Props) {
  if (error) return <ErrorNote error={error} onRetry={onRetry} />
  if (!sessions) return <ListSkeleton rows={6} label="Loading sessions" />
  if (sessions.length === 0) {
    return (
      <EmptyNote title="No sessions yet.">
        <span>
          Import a recording with <code>retrace import FILE</code>, or point a recorder at this server.
        </span>
      </EmptyNote>
    )
  }
  return (
    <ul className="panel recent-list">
      {sessions.map((session) => (
        <li key={session.id}>
          <Link to="/sessions/$id" params={{ id: session.id }} className="recent-item">
            <span className="recent-name">{sessionName(session)}</span>
            <span className="recent-meta">
              {[session.user, session.host].filter(Boolean).join(' on ') || session.command || 'unknown user'}
            </span>
            <span className="recent-when numeric">
              <Time at={session.startedAt} />
              <span>{formatDuration(session.durationMs)}</span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
