import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { LiftRedactionDocument, RedactDocument, RevealCheckDocument, type NewRedaction } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { readLooking, sayLooking, setLooking, tellLooking } from '../../lib/looking'

/** All that is kept of a session: what was answered to questions about it. */
const isOf = (session: string) => ({
  predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[1] === session,
})

/** Asks for all that is shown of a session anew: what is to be seen of it has changed. */
export async function renewAll(client: QueryClient, session: string): Promise<void> {
  client.removeQueries({ ...isOf(session), type: 'inactive' })
  await client.invalidateQueries(isOf(session))
}

/** Keeps nothing of a session any more. */
export function forgetAll(client: QueryClient, session: string): void {
  client.removeQueries(isOf(session))
}

export function useRedact(session: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (redaction: Omit<NewRedaction, 'session'>) =>
      graphql(RedactDocument, { redaction: { ...redaction, session } }),
    onSuccess: () => renewAll(client, session),
  })
}

export function useLift(session: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (lift: { id: string; reason: string }) => graphql(LiftRedactionDocument, { session, ...lift }),
    onSuccess: () => renewAll(client, session),
  })
}

/** Reveals what is hidden in a session, for as long as its page is open. The server says whether one may. */
export function useReveal(session: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (reveal: string | undefined) => {
      const before = readLooking()
      sayLooking({ ...before, reveal })
      // What is to be hidden again is not shown for a moment longer.
      if (!reveal) tellLooking()
      try {
        if (reveal) await graphql(RevealCheckDocument, { id: session })
      } catch (error) {
        setLooking(before)
        throw error
      }
      // Addresses that say the reason are there before any picture is asked for by them.
      await renewAll(client, session)
      tellLooking()
    },
  })
}
