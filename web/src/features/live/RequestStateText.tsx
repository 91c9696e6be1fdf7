import type { SessionControlKind } from '../../gql/graphql'
import type { RequestPhase, RequestState } from './request-state'

export const requestNames: Record<SessionControlKind, string> = {
  MESSAGE: 'Message',
  TERMINATE: 'Terminate',
  POLICY: 'Change of the policy',
}

const looks: Record<RequestPhase, string> = {
  asked: 'request-waiting',
  delivered: 'request-waiting',
  done: 'request-done',
  refused: 'request-bad',
  silent: 'request-bad',
  unanswered: 'request-bad',
}

export function RequestStateText({ state }: { state: RequestState }) {
  return (
    <span className={`request-state ${looks[state.phase]}`} data-phase={state.phase}>
      {state.words}
    </span>
  )
}
