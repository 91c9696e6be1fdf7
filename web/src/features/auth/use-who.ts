import { queryOptions, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { closeWebSession, openWebSession, readSignInWays, readWho, type SignInWays } from '../../lib/api'

export const whoQuery = queryOptions({
  queryKey: ['who'],
  queryFn: ({ signal }) => readWho(signal),
  staleTime: 5 * 60_000,
})

export function useWho() {
  return useSuspenseQuery(whoQuery).data
}

/** How people can sign in. While it is not known, with a token, which is always worth a try. */
export function useSignInWays(): SignInWays {
  const { data } = useQuery({
    queryKey: ['sign-in-ways'],
    queryFn: ({ signal }) => readSignInWays(signal),
    staleTime: 60_000,
  })
  return data ?? { token: true, oidc: null }
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
