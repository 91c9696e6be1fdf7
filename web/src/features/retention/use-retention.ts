import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import {
  HoldSessionsDocument,
  PurgedSessionDocument,
  PurgedSessionsDocument,
  PurgeSessionDocument,
  ReleaseSessionsDocument,
  RetentionDocument,
  type AccessRight,
  type PurgedFieldsFragment,
  type PurgedSessionQuery,
  type SessionQuery,
  type SessionRetentionFragment,
  type SessionState,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { soonDays } from './words'

export type LegalHold = SessionRetentionFragment['holds'][number]
export type Purged = PurgedFieldsFragment

/** A session, as far as it matters how long it is kept. */
export type RetainedSession = SessionRetentionFragment & {
  id: string
  title: string | null
  command: string | null
  state: SessionState
  rights: readonly AccessRight[]
  recording?: { name: string } | null
  counts?: { events: number }
}

/** The server takes so many at once. */
export const heldAtOnce = 100

type Change = { sessions: readonly string[]; matter: string; reason: string }

/** Puts sessions on legal hold, all or none of them. */
export function useHold(onDone: () => void) {
  return useHoldChange(onDone, ({ sessions, ...rest }) =>
    graphql(HoldSessionsDocument, { sessions: [...sessions], ...rest }),
  )
}

/** Lifts the hold for one matter. */
export function useRelease(onDone: () => void) {
  return useHoldChange(onDone, ({ sessions, ...rest }) =>
    graphql(ReleaseSessionsDocument, { sessions: [...sessions], ...rest }),
  )
}

function useHoldChange(onDone: () => void, change: (asked: Change) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: async (_, { sessions }) => {
      await Promise.all(
        sessions.flatMap((id) => [
          client.invalidateQueries({ queryKey: ['session', id] }),
          client.invalidateQueries({ queryKey: ['session-control', id] }),
        ]),
      )
      renewLists(client)
      onDone()
    },
  })
}

function renewLists(client: QueryClient): void {
  for (const queryKey of [['sessions'], ['retention'], ['purged-sessions']]) void client.invalidateQueries({ queryKey })
}

const purgedKey = (id: string) => ['purged-session', id]

/** Destroys what was recorded of a session. The page then shows what stays. */
export function usePurge(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (reason: string) => graphql(PurgeSessionDocument, { session: id, reason }),
    onSuccess: ({ purgeSession }) => {
      client.setQueryData<PurgedSessionQuery>(purgedKey(id), { purgedSession: purgeSession })
      client.setQueryData<SessionQuery>(['session', id], { session: null })
      // Nothing that was recorded is kept here either.
      client.removeQueries({
        predicate: ({ queryKey: [what, session] }) =>
          session === id && what !== 'purged-session' && what !== 'session',
      })
      renewLists(client)
    },
    // It may be held by now, or be gone: the page shows what it is.
    onError: () => client.invalidateQueries({ queryKey: ['session', id] }),
  })
}

/** What stays of a session that was purged; null where none was with this id. */
export function usePurgedSession(id: string) {
  return useQuery({
    queryKey: purgedKey(id),
    queryFn: ({ signal }) => graphql(PurgedSessionDocument, { id }, signal),
    select: ({ purgedSession }) => purgedSession,
  })
}

const pageSize = 50

export function usePurgedSessions() {
  return useInfiniteQuery({
    queryKey: ['purged-sessions'],
    queryFn: ({ pageParam, signal }) => graphql(PurgedSessionsDocument, { first: pageSize, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ purgedSessions: { pageInfo } }) => (pageInfo.hasNextPage ? pageInfo.endCursor : null),
    // What was purged meanwhile is to be seen.
    staleTime: 0,
  })
}

/** While recordings are due, they go by and by. */
const renewedMs = 10_000

export function useRetention() {
  return useQuery({
    queryKey: ['retention'],
    queryFn: ({ signal }) => graphql(RetentionDocument, { withinDays: soonDays }, signal),
    select: ({ retention }) => retention,
    refetchInterval: ({ state: { data } }) => (data && data.retention.due > 0 ? renewedMs : false),
  })
}
