import { useQuery } from '@tanstack/react-query'
import { RecentSessionsDocument, type RecentSessionsQuery } from '../../gql/graphql'
import { graphql } from '../../lib/api'

export type RecentSession = RecentSessionsQuery['sessions']['nodes'][number]

const recentCount = 8

export function useRecentSessions() {
  return useQuery({
    queryKey: ['recent-sessions'],
    queryFn: ({ signal }) => graphql(RecentSessionsDocument, { first: recentCount }, signal),
    select: ({ sessions }) => sessions.nodes,
  })
}
