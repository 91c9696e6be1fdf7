import { Link } from '@tanstack/react-router'
import { sessionName } from '../../lib/format'
import { formatDateTime, formatOffset } from '../../lib/time'
import { KindBadge } from '../../ui/KindBadge'
import { Snippet } from '../../ui/Snippet'
import type { Hit } from './use-search'

export function HitItem({ hit }: { hit: Hit }) {
  const { session } = hit
  return (
    <li>
      <Link
        to="/sessions/$id"
        params={{ id: session.id }}
        search={{ t: hit.offsetMs }}
        className="hit"
        data-hit=""
      >
        <span className="hit-head">
          <KindBadge kind={hit.kind} />
          <span className="hit-offset numeric">{formatOffset(hit.offsetMs)}</span>
        </span>
        <Snippet runs={hit.snippet.runs} />
        <span className="hit-meta">
          <span className="hit-title">{sessionName(session)}</span>
          {session.user && <span>{session.user}</span>}
          {session.host && <span>{session.host}</span>}
          <time dateTime={hit.at}>{formatDateTime(hit.at)}</time>
        </span>
      </Link>
    </li>
  )
}
