import { Dropdown } from '../../ui/Dropdown'
import { HoldList } from './HoldList'
import type { LegalHold } from './use-retention'
import './retention.css'

/** Says that a session is held; a press on it, for what and why. */
export function HoldBadge({ holds }: { holds: readonly LegalHold[] }) {
  if (holds.length === 0) return null
  return (
    <div className="hold-badge">
      <Dropdown label="On legal hold" className="badge badge-warning">
        <HoldList holds={holds} />
      </Dropdown>
    </div>
  )
}
