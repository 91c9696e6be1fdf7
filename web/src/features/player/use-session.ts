import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { GapsDocument, ScreenDocument, SessionDocument, type GapsQuery, type SessionQuery } from '../../gql/graphql'
import { fetchText, graphql } from '../../lib/api'
import { paths } from '../../lib/paths'
import { parseCast } from './cast'

export type PlayedSession = NonNullable<SessionQuery['session']>

/** What is known of a session that goes on: its activity, and how long it is. */
const renewedMs = 5_000
/** A session that was launched a moment ago may not be known yet: one that is not there is asked for again, a few times. */
const sought = { everyMs: 1_000, times: 8 }

export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ['session', id],
    queryFn: ({ signal }) => graphql(SessionDocument, { id }, signal),
  })

export function useSession(id: string) {
  return useQuery({
    ...sessionQuery(id),
    refetchInterval: ({ state }) => {
      if (state.data?.session === null) return state.dataUpdateCount < sought.times ? sought.everyMs : false
      return state.data?.session?.state === 'ACTIVE' ? renewedMs : false
    },
    select: ({ session }) => session,
  })
}

export function useCast(session: PlayedSession) {
  const url = session.asciicastUrl
  return useQuery({
    queryKey: ['cast', session.id, url],
    queryFn: async ({ signal }) => parseCast(await fetchText(paths.asciicast(url ?? '', 2), signal)),
    enabled: url !== null,
    staleTime: Infinity,
  })
}

export type Gap = NonNullable<GapsQuery['session']>['recordingGaps'][number]

const noGaps: readonly Gap[] = []

/** Where parts of the recording are missing. Of most sessions there are none. */
export function useGaps(session: PlayedSession): readonly Gap[] {
  const { data } = useQuery({
    queryKey: ['gaps', session.id, session.gaps],
    queryFn: ({ signal }) => graphql(GapsDocument, { id: session.id }, signal),
    select: (answer) => answer.session?.recordingGaps ?? noGaps,
    enabled: session.gaps > 0,
    staleTime: 60_000,
  })
  return data ?? noGaps
}

export const screenQuery = (sessionId: string, atMs: number) =>
  queryOptions({
    queryKey: ['screen', sessionId, atMs],
    queryFn: ({ signal }) => graphql(ScreenDocument, { id: sessionId, atMs }, signal),
    staleTime: Infinity,
  })

/** The server's own text of the screen at a moment; not asked for while playing. */
export function useScreen(sessionId: string, atMs: number | undefined, keepsLast = false) {
  return useQuery({
    ...screenQuery(sessionId, atMs ?? 0),
    select: ({ session }) => session?.screen ?? null,
    enabled: atMs !== undefined,
    placeholderData: keepsLast ? keepPreviousData : undefined,
  })
}
