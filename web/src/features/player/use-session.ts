import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ScreenDocument, SessionDocument, type SessionQuery } from '../../gql/graphql'
import { fetchText, graphql } from '../../lib/api'
import { paths } from '../../lib/paths'
import { parseCast } from './cast'

export type PlayedSession = NonNullable<SessionQuery['session']>

/** What is known of a session that goes on: its activity, and how long it is. */
const renewedMs = 5_000

export function useSession(id: string) {
  return useQuery({
    queryKey: ['session', id],
    queryFn: ({ signal }) => graphql(SessionDocument, { id }, signal),
    refetchInterval: ({ state }) => (state.data?.session?.state === 'ACTIVE' ? renewedMs : false),
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

/** The server's own text of the screen at a moment; not asked for while playing. */
export function useScreen(sessionId: string, atMs: number | undefined, keepsLast = false) {
  return useQuery({
    queryKey: ['screen', sessionId, atMs],
    queryFn: ({ signal }) => graphql(ScreenDocument, { id: sessionId, atMs: atMs ?? 0 }, signal),
    select: ({ session }) => session?.screen ?? null,
    enabled: atMs !== undefined,
    staleTime: Infinity,
    placeholderData: keepsLast ? keepPreviousData : undefined,
  })
}
