import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import {
  AssignSessionDocument,
  CommentsDocument,
  CommentSessionDocument,
  ReopenReviewDocument,
  ReviewSessionDocument,
  type CommentsQuery,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'

export type Comment = NonNullable<CommentsQuery['session']>['comments']['nodes'][number]

/** Nobody reads more than so many, and the bar has no room for them. */
const commentsMax = 1_000

export function useComments(sessionId: string) {
  const query = useInfiniteQuery({
    queryKey: ['comments', sessionId],
    queryFn: ({ pageParam, signal }) => graphql(CommentsDocument, { id: sessionId, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ session }) =>
      session?.comments.pageInfo.hasNextPage ? session.comments.pageInfo.endCursor : null,
    staleTime: 30_000,
  })
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = query
  const comments = useMemo(() => data?.pages.flatMap(({ session }) => session?.comments.nodes ?? []) ?? [], [data])
  const wantsMore = hasNextPage && !isFetching && !isError && comments.length < commentsMax
  useEffect(() => {
    if (wantsMore) void fetchNextPage()
  }, [wantsMore, fetchNextPage])
  return { comments, error: query.error, isPending: query.isPending }
}

export type ReviewStep =
  | { do: 'comment'; text: string; offsetMs: number | undefined }
  | { do: 'review'; comment: string | undefined }
  | { do: 'reopen'; reason: string | undefined }
  | { do: 'assign'; to: string | undefined }

/** Takes a step of the review of a session; what is shown of it is asked for anew. */
export function useReviewStep(session: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (step: ReviewStep): Promise<void> => {
      switch (step.do) {
        case 'comment':
          return void (await graphql(CommentSessionDocument, { session, text: step.text, offsetMs: step.offsetMs }))
        case 'review':
          return void (await graphql(ReviewSessionDocument, { session, comment: step.comment }))
        case 'reopen':
          return void (await graphql(ReopenReviewDocument, { session, reason: step.reason }))
        case 'assign':
          return void (await graphql(AssignSessionDocument, { session, to: step.to }))
      }
    },
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ['comments', session] }),
        client.invalidateQueries({ queryKey: ['session', session] }),
      ])
      void client.invalidateQueries({ queryKey: ['sessions'] })
    },
  })
}
