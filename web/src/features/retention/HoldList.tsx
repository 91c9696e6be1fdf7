import { Time } from '../../ui/Time'
import type { LegalHold } from './use-retention'
import { matterWords } from './words'

type Props = { holds: readonly LegalHold[]; onLift?: (hold: LegalHold) => void }

/** What a session is held for, by whom, since when and why. */
export function HoldList({ holds, onLift }: Props) {
  return (
    <ul className="holds">
      {holds.map((hold) => (
        <li key={hold.matter} className="hold">
          <div className="hold-about">
            <p>
              <strong>{matterWords(hold.matter)}</strong>
            </p>
            <p className="cell-note">
              by {hold.by}, since <Time at={hold.at} />
            </p>
            <p className="hold-reason">{hold.reason}</p>
          </div>
          {onLift && (
            <button
              type="button"
              className="button"
              aria-label={`Lift hold: ${matterWords(hold.matter)}`}
              onClick={() => onLift(hold)}
            >
              Lift hold…
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
