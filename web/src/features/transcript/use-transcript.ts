import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { TimelineDocument, type MomentKind } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { pageSize } from '../timeline/pages'

const kinds: MomentKind[] = ['COMMAND', 'SCREEN', 'MARKER']
/** So many lines come by themselves: find in page finds what is there. */
const unasked = 20_000

/** What a terminal showed, as lines in order of time. */
export function useTranscript(sessionId: string) {
  const query = useInfiniteQuery({
    queryKey: ['transcript', sessionId],
    queryFn: ({ pageParam, signal }) =>
      graphql(TimelineDocument, { id: sessionId, kinds, first: pageSize, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ session }) =>
      session?.timeline.pageInfo.hasNextPage ? session.timeline.pageInfo.endCursor : null,
    staleTime: 60_000,
  })
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = query
  const moments = useMemo(() => data?.pages.flatMap(({ session }) => session?.timeline.nodes ?? []) ?? [], [data])
  const wantsMore = hasNextPage && !isFetching && !isError && moments.length < unasked
  useEffect(() => {
    if (wantsMore) void fetchNextPage()
  }, [wantsMore, fetchNextPage])
  return { ...query, moments }
}
