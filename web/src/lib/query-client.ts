import { QueryCache, QueryClient } from '@tanstack/react-query'
import { toApiError } from './errors'

/** What failed for good is not asked again; a server that cannot be reached is, after a moment. */
function shouldRetry(failures: number, error: Error): boolean {
  return toApiError(error).problem === 'unreachable' && failures < 1
}

export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (toApiError(error).problem === 'signed-out') onSignedOut()
      },
    }),
    defaultOptions: {
      queries: {
        retry: shouldRetry,
        retryDelay: 700,
        staleTime: 10_000,
        refetchOnWindowFocus: false,
        // "Offline" says little about a server in the same house: always try, and let the answer tell.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}
