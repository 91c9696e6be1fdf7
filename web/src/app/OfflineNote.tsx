import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { toApiError } from '../lib/errors'

/** Says so on every page while the last answer to any question was that the server cannot be reached. */
export function OfflineNote() {
  const client = useQueryClient()
  const cache = client.getQueryCache()
  const subscribe = useCallback((listener: () => void) => cache.subscribe(listener), [cache])
  const unreachable = useSyncExternalStore(subscribe, () =>
    cache
      .getAll()
      .some((query) => query.isActive() && query.state.error && toApiError(query.state.error).problem === 'unreachable'),
  )
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
