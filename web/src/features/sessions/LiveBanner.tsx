import { Link } from '@tanstack/react-router'
import { formatCount } from '../../lib/format'
import { useLiveCount } from './use-live-sessions'

/** How many sessions go on now, and the way to them. */
export function LiveBanner() {
  const count = useLiveCount()
  return (
    <span className="live-banner" role="status">
      {count !== undefined && count > 0 && (
        <Link to="/sessions" search={{ state: 'ACTIVE' }}>
          {formatCount(count)} <span className="live-banner-words">{count === 1 ? 'session is' : 'sessions are'}</span> live
        </Link>
      )}
    </span>
  )
}
