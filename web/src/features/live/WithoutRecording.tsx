import { Link } from '@tanstack/react-router'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { Icon } from '../../ui/Icon'
import { StateBadge } from '../../ui/StateBadge'
import { Time } from '../../ui/Time'
import { HoldBadge } from '../retention/HoldBadge'
import { RetentionPanel } from '../retention/RetentionPanel'
import { ControlPanel } from './ControlPanel'
import { SessionControls } from './SessionControls'
import { useSessionControl } from './use-session-control'
import './live.css'

/** A session for somebody who may rule over it, or only know of it, and not see what happens in it. */
export function WithoutRecording({ id }: { id: string }) {
  const { data: session, error, isPending, refetch } = useSessionControl(id)
  if (isPending) return <ListSkeleton rows={4} label="Loading the session" />
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />
  if (!session) return <EmptyNote title="This session does not exist." />
  return (
    <div className="without-recording">
      <div className="session-head">
        <Link to="/sessions" className="button button-quiet button-icon" aria-label="All sessions" title="All sessions">
          <Icon name="back" />
        </Link>
        <h1>{[session.user ?? 'Somebody', session.host].filter(Boolean).join(' on ')}</h1>
        <StateBadge state={session.state} />
        <HoldBadge holds={session.holds} />
        <p>
          <Time at={session.startedAt} />
        </p>
        {session.state === 'ACTIVE' && session.rights.includes('CONTROL') && <SessionControls session={session} />}
      </div>
      <EmptyNote title="You may not see what happens in this session.">
        <span>You may know that it takes place. To watch it, ask for the right to see recordings.</span>
      </EmptyNote>
      <ControlPanel sessionId={id} />
      <RetentionPanel session={session} />
    </div>
  )
}
