import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { TimelineDocument, type MomentKind } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { firstPageAt, pageAfter, pageBefore, pagesKept, type Moment, type PageAt, type TimelinePage } from './pages'

/** Moments in order of time, some of them: more are loaded before and behind as they are asked for. */
export type Feed = {
  moments: readonly Moment[]
  error: Error | null
  isPending: boolean
  /** What is shown is of another place or kind, and gives way as soon as what is wanted is there. */
  isOld: boolean
  hasPrevious: boolean
  hasNext: boolean
  isFetching: boolean
  onPrevious: () => void
  onNext: () => void
  onRetry: () => void
}

const nothing: TimelinePage = {
  moments: [],
  hasNextPage: false,
  hasPreviousPage: false,
  startCursor: null,
  endCursor: null,
}

/** The timeline around a time. */
export function useTimeline(
  sessionId: string,
  kinds: MomentKind[] | undefined,
  aroundMs: number,
  enabled: boolean,
): Feed {
  const query = useInfiniteQuery({
    queryKey: ['timeline', sessionId, kinds, aroundMs],
    queryFn: async ({ pageParam, signal }): Promise<TimelinePage> => {
      const { session } = await graphql(TimelineDocument, { id: sessionId, kinds, ...pageParam }, signal)
      return session ? { ...session.timeline.pageInfo, moments: session.timeline.nodes } : nothing
    },
    initialPageParam: firstPageAt(aroundMs),
    getNextPageParam: (page, _pages, at: PageAt) => pageAfter(page, at),
    getPreviousPageParam: (page, _pages, at: PageAt) => pageBefore(page, at),
    maxPages: pagesKept,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    enabled,
  })
  const { data, fetchNextPage, fetchPreviousPage, refetch } = query
  const moments = useMemo(() => data?.pages.flatMap((page) => page.moments) ?? [], [data])
  return {
    moments,
    error: query.error,
    isPending: query.isPending,
    isOld: query.isPlaceholderData,
    hasPrevious: query.hasPreviousPage,
    hasNext: query.hasNextPage,
    isFetching: query.isFetching,
    onPrevious: () => void fetchPreviousPage(),
    onNext: () => void fetchNextPage(),
    onRetry: () => void refetch(),
  }
}
