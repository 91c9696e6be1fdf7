import type { AccessRight } from '../../gql/graphql'
import { rightNames } from '../access/words'

/** Says what one would need, to somebody who has not. */
export function RightNote({ right, what }: { right: AccessRight; what: string }) {
  return (
    <div className="note" role="note">
      <strong>You cannot {what}.</strong>
      <span>
        That needs the right to {rightNames[right]}, over all sessions. Whoever manages access can grant it to you.
      </span>
    </div>
  )
}
