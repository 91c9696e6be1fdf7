import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { SessionsDocument, type SessionFilter } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import type { SessionsSearch } from '../../lib/paths'
import { startOfDay, startOfDayAfter } from '../../lib/time'

const pageSize = 50
const recentCount = 8

function filterOf({ text, user, host, protocol, state, from, to }: SessionsSearch): SessionFilter {
  return { text, user, host, protocol, state, startedFrom: startOfDay(from), startedTo: startOfDayAfter(to) }
}

export function useSessions(search: SessionsSearch) {
  const filter = filterOf(search)
  const orderBy = search.order ?? 'STARTED_DESC'
  return useInfiniteQuery({
    queryKey: ['sessions', filter, orderBy],
    queryFn: ({ pageParam, signal }) =>
      graphql(SessionsDocument, { filter, orderBy, first: pageSize, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ sessions }) => (sessions.pageInfo.hasNextPage ? sessions.pageInfo.endCursor : null),
    placeholderData: keepPreviousData,
  })
}

export function useRecentSessions() {
  return useQuery({
    queryKey: ['recent-sessions'],
    queryFn: ({ signal }) => graphql(SessionsDocument, { orderBy: 'RECORDED_DESC', first: recentCount }, signal),
    select: ({ sessions }) => sessions.nodes,
  })
}
