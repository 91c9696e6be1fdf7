import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
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

/** What may be done with a session, what was asked of its recorder, and the policy in force. */
export function useSessionControl(id: string) {
  return useQuery({
    queryKey: ['session-control', id],
    queryFn: ({ signal }) => graphql(SessionControlDocument, { id }, signal),
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
    mutationFn: ask,
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ['session-control', session] }),
  })
}
