import { Link } from '@tanstack/react-router'
import { formatDateTime, formatOffset } from '../../lib/time'
import { KindBadge } from '../../ui/KindBadge'
import { Snippet } from '../../ui/Snippet'
import type { Hit } from './use-search'

/** A moment that was found. It leads to the very moment. */
export function HitItem({ session, hit, onPoint }: { session: string; hit: Hit; onPoint: () => void }) {
  return (
    <li>
      <Link
        to="/sessions/$id"
        params={{ id: session }}
        search={{ t: hit.offsetMs }}
        className="hit"
        data-hit=""
        onMouseOver={onPoint}
        onFocus={onPoint}
      >
        <span className="hit-head">
          <KindBadge kind={hit.kind} />
          <time className="hit-offset numeric" dateTime={hit.at} title={formatDateTime(hit.at)}>
            {formatOffset(hit.offsetMs)}
          </time>
        </span>
        <Snippet runs={hit.snippet.runs} />
      </Link>
    </li>
  )
}
