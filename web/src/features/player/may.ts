import type { AccessRight } from '../../gql/graphql'
import type { PlayedSession } from './use-session'

/** What whoever is signed in may do with a session. */
export const mayWith =
  ({ rights }: Pick<PlayedSession, 'rights'>) =>
  (right: AccessRight): boolean =>
    rights.includes(right)
