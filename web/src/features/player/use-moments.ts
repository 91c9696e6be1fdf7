import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { TimelineDocument, type MomentKind, type TimelineQuery } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { useLiveMoments } from '../live/use-live-moments'

export type Moment = NonNullable<TimelineQuery['session']>['timeline']['nodes'][number]

/** The most the server gives at once. */
const pageSize = 100
/** Enough for a working day at a terminal. Beyond it more are loaded when asked for. */
const loadedUnasked = 10_000

export function useMoments(sessionId: string, kinds: MomentKind[] | undefined, isLive: boolean) {
  const live = useLiveMoments(sessionId, kinds, isLive)
  const query = useInfiniteQuery({
    queryKey: ['timeline', sessionId, kinds],
    queryFn: ({ pageParam, signal }) =>
      graphql(TimelineDocument, { id: sessionId, kinds, first: pageSize, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ session }) =>
      session?.timeline.pageInfo.hasNextPage ? session.timeline.pageInfo.endCursor : null,
    staleTime: 60_000,
    enabled: !isLive,
  })
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = query
  const moments = useMemo(() => data?.pages.flatMap((page) => page.session?.timeline.nodes ?? []) ?? [], [data])
  // The list follows playback and is searched as a whole, so it needs the pages that nobody has scrolled to.
  const wantsMore = hasNextPage && !isFetching && !isError && moments.length < loadedUnasked
  useEffect(() => {
    if (wantsMore) void fetchNextPage()
  }, [wantsMore, fetchNextPage])
  return isLive ? { ...query, ...live } : { ...query, moments }
}
