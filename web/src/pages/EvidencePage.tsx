import { getRouteApi, Link } from '@tanstack/react-router'
import { AccessPanel } from '../features/evidence/AccessPanel'
import { CoveragePanel } from '../features/evidence/CoveragePanel'
import '../features/evidence/evidence.css'
import { ProofPanel } from '../features/evidence/ProofPanel'
import { useEvidence } from '../features/evidence/use-evidence'
import { ControlPanel } from '../features/live/ControlPanel'
import '../features/player/player.css'
import { PurgedNote } from '../features/retention/PurgedNote'
import { sessionName } from '../lib/format'
import { useTitle } from '../lib/use-title'
import { Icon } from '../ui/Icon'
import { ErrorNote, ListSkeleton } from '../ui/notes'
import { StateBadge } from '../ui/StateBadge'
import { Time } from '../ui/Time'

const route = getRouteApi('/shell/sessions/$id/evidence')

export function EvidencePage() {
  const { id } = route.useParams()
  const { data, error, isPending, refetch } = useEvidence(id)
  const session = data?.session
  useTitle(session ? `Evidence of ${sessionName(session)}` : 'Evidence')
  return (
    <div className="page">
      {isPending ? (
        <ListSkeleton rows={8} label="Loading the evidence" />
      ) : error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : !session ? (
        <PurgedNote id={id} />
      ) : (
        <div className="evidence">
          <div className="session-head">
            <Link
              to="/sessions/$id"
              params={{ id }}
              className="button button-quiet button-icon"
              aria-label="Back to the session"
              title="Back to the session"
            >
              <Icon name="back" />
            </Link>
            <h1>Evidence of {sessionName(session)}</h1>
            <StateBadge state={session.state} />
            <p>
              {[session.user, session.host].filter(Boolean).join(' on ')} <Time at={session.startedAt} />
            </p>
          </div>
          <ProofPanel session={session} log={data.log} />
          <div className="evidence-side">
            <CoveragePanel session={session} />
            <ControlPanel sessionId={id} />
          </div>
          <div className="evidence-wide">
            <AccessPanel sessionId={id} />
          </div>
        </div>
      )}
    </div>
  )
}
