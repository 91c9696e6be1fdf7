import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import {
  SendMessageDocument,
  SessionControlDocument,
  TerminateSessionDocument,
  type SessionControlQuery,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'

export type SessionControlState = SessionControlQuery['session']
export type Request = NonNullable<SessionControlState>['controls'][number]

/** An answer comes within a second or two. */
const askedEveryMs = 1_000
/** What others ask, and what the policy says, is told by the events of a session that is watched. */
const everyMs = 10_000

const isWaiting = (answer: SessionControlQuery | undefined) =>
  answer?.session?.state === 'ACTIVE' && answer.session.controls.some(({ answer }) => answer === null)

const controlQuery = (id: string) =>
  queryOptions({
    queryKey: ['session-control', id],
    queryFn: ({ signal }) => graphql(SessionControlDocument, { id }, signal),
  })

/** What may be done with a session, what was asked of its recorder, and the policy in force. */
export function useSessionControl(id: string) {
  return useQuery({
    ...controlQuery(id),
    select: ({ session }) => session,
    refetchInterval: ({ state: { data } }) => {
      if (data?.session?.state !== 'ACTIVE') return false
      return isWaiting(data) ? askedEveryMs : everyMs
    },
  })
}

export function useSendMessage(session: string, onDone: () => void) {
  return useAsk(session, onDone, (asked: { text: string; reason: string | undefined }) =>
    graphql(SendMessageDocument, { session, ...asked }),
  )
}

export function useTerminate(session: string, onDone: () => void) {
  return useAsk(session, onDone, (asked: { reason: string | undefined }) =>
    graphql(TerminateSessionDocument, { session, ...asked }),
  )
}

function useAsk<Asked>(session: string, onDone: () => void, ask: (asked: Asked) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (asked: Asked) => {
      const before = client.getQueryData(controlQuery(session).queryKey)?.session?.controls.length ?? 0
      await ask(asked)
      return before
    },
    onSuccess: (before) => {
      onDone()
      void untilTold(client, session, before)
    },
    onError: () => client.invalidateQueries({ queryKey: ['session-control', session] }),
  })
}

/** The server answers for what it has written down; what it tells of the session follows within a moment. */
const toldWithinMs = 15_000
const askedAgainMs = 400

async function untilTold(client: QueryClient, session: string, before: number): Promise<void> {
  const deadline = Date.now() + toldWithinMs
  while (Date.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- each answer says whether to ask again
    const answer = await client.fetchQuery({ ...controlQuery(session), staleTime: 0 }).catch(() => undefined)
    if (!answer?.session || answer.session.controls.length > before) return
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, askedAgainMs))
  }
}
