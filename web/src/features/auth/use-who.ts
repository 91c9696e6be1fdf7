import { queryOptions, useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { closeWebSession, openWebSession, readWho } from '../../lib/api'

export const whoQuery = queryOptions({
  queryKey: ['who'],
  queryFn: ({ signal }) => readWho(signal),
  staleTime: 5 * 60_000,
})

export function useWho() {
  return useSuspenseQuery(whoQuery).data
}

export function useSignIn(onSignedIn: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (token: string) => openWebSession(token),
    onSuccess: () => {
      client.clear()
      onSignedIn()
    },
  })
}

export function useSignOut(onSignedOut: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: closeWebSession,
    onSuccess: () => {
      client.clear()
      onSignedOut()
    },
  })
}
