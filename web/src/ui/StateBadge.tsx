import type { SessionState } from '../gql/graphql'

export const stateNames: Record<SessionState, string> = { ACTIVE: 'Active', ENDED: 'Ended' }

export function StateBadge({ state }: { state: SessionState }) {
  return <span className={`badge ${state === 'ACTIVE' ? 'badge-active' : ''}`}>{stateNames[state]}</span>
}
