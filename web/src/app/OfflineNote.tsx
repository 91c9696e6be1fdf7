import { useQueryClient, type Query } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { toApiError } from '../lib/errors'

/** Says so while a page shows what it got earlier, and the server can no longer be reached to renew it. */
export function OfflineNote() {
  const client = useQueryClient()
  const cache = client.getQueryCache()
  const subscribe = useCallback((listener: () => void) => cache.subscribe(listener), [cache])
  const unreachable = useSyncExternalStore(subscribe, () => cache.getAll().some(isOutOfDate))
  if (!unreachable) return null
  return (
    <div className="offline" role="status">
      The server cannot be reached. What you see may be out of date.
      <button type="button" className="button" onClick={() => void client.refetchQueries({ type: 'active' })}>
        Try again
      </button>
    </div>
  )
}

function isOutOfDate(query: Query): boolean {
  const { data, error } = query.state
  return query.isActive() && data !== undefined && error !== null && toApiError(error).problem === 'unreachable'
}
