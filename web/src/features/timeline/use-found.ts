import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { FindInSessionDocument, type FindInSessionQuery, type MomentKind } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { pageSize, type Moment } from './pages'
import type { Feed } from './use-timeline'

type Runs = FindInSessionQuery['search']['nodes'][number]['snippet']['runs']

export type Found = Feed & {
  count: number
  isExact: boolean
  /** What was found in a moment, with the words marked. */
  runsOf: (moment: Moment) => Runs | undefined
}

/** The moments of a session in which something is found, in order of time. */
export function useFound(sessionId: string, kinds: MomentKind[] | undefined, words: string): Found {
  const text = asPrefix(words)
  const query = useInfiniteQuery({
    queryKey: ['found', sessionId, kinds, text],
    queryFn: ({ pageParam, signal }) =>
      graphql(FindInSessionDocument, { text, session: sessionId, kinds, first: pageSize, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ search }) => (search.pageInfo.hasNextPage ? search.pageInfo.endCursor : null),
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    enabled: text !== '',
  })
  const { data, fetchNextPage, refetch } = query
  const hits = useMemo(() => data?.pages.flatMap(({ search }) => search.nodes) ?? [], [data])
  // Where the words stand in a moment may be before its end.
  const moments = useMemo(() => hits.map(({ moment, offsetMs }) => ({ ...moment, offsetMs })), [hits])
  const runs = useMemo(() => new Map(hits.map(({ moment, snippet }) => [moment.id, snippet.runs])), [hits])
  const first = data?.pages[0]?.search
  return {
    moments,
    error: query.error,
    isPending: query.isPending,
    isOld: query.isPlaceholderData,
    hasPrevious: false,
    hasNext: query.hasNextPage,
    isFetching: query.isFetching,
    onPrevious: () => {},
    onNext: () => void fetchNextPage(),
    onRetry: () => void refetch(),
    count: first?.totalCount ?? 0,
    isExact: first?.totalIsExact ?? true,
    runsOf: (moment) => runs.get(moment.id),
  }
}

/** A word that is still being typed is found by how it begins. What says more than words is left as it is. */
export function asPrefix(words: string): string {
  const text = words.trim()
  return /^[\p{L}\p{N}\s._/-]*[\p{L}\p{N}]{2}$/u.test(text) ? `${text}*` : text
}
