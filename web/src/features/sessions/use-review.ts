import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ReviewSessionsDocument } from '../../gql/graphql'
import { graphql } from '../../lib/api'

/** The server takes so many at once. */
const atOnce = 100

type Review = { sessions: readonly string[]; comment: string | undefined }

/** Marks sessions as reviewed, in the order given. Of many, those before one that is refused are marked. */
export function useReviewSessions(onDone: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ sessions, comment }: Review) => {
      for (let at = 0; at < sessions.length; at += atOnce) {
        // oxlint-disable-next-line no-await-in-loop
        await graphql(ReviewSessionsDocument, { sessions: sessions.slice(at, at + atOnce), comment })
      }
    },
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  })
}
