import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { sessionName } from '../../lib/format'
import { formatDuration } from '../../lib/time'
import { Icon } from '../../ui/Icon'
import { HoldBadge } from '../retention/HoldBadge'
import { KeptUntil } from '../retention/KeptUntil'
import { StateBadge } from '../../ui/StateBadge'
import { Time } from '../../ui/Time'
import type { PlayedSession } from './use-session'

export function SessionHead({ session, children }: { session: PlayedSession; children?: ReactNode }) {
  const who = [session.user, session.host].filter(Boolean).join(' on ')
  return (
    <div className="session-head">
      <Link to="/sessions" className="button button-quiet button-icon" aria-label="All sessions" title="All sessions">
        <Icon name="back" />
      </Link>
      <h1>{sessionName(session)}</h1>
      <StateBadge state={session.state} />
      <HoldBadge holds={session.holds} />
      <p>
        {who && `${who} · `}
        <Time at={session.startedAt} />
        {/* What goes on is longer by the time that one reads it. */}
        {session.state === 'ENDED' && ` · ${formatDuration(session.durationMs)}`}
        {session.keptUntil && !session.onHold && (
          <>
            {' · '}kept until <KeptUntil at={session.keptUntil} />
          </>
        )}
      </p>
      {children}
    </div>
  )
}
