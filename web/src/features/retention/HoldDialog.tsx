import { useState } from 'react'
import { plural } from '../../lib/format'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/fields'
import { SayForm } from '../../ui/SayForm'
import { heldAtOnce, useHold, useRelease, type LegalHold } from './use-retention'
import { matterWords } from './words'

type HoldProps = { sessions: readonly string[]; onClose: () => void; onDone: () => void }

/** Puts sessions on legal hold for a matter, with a reason. */
export function HoldDialog({ sessions, onClose, onDone }: HoldProps) {
  const [matter, setMatter] = useState('')
  const hold = useHold(onDone)
  const isTooMany = sessions.length > heldAtOnce
  const title = sessions.length === 1 ? 'Place a legal hold' : `Place ${plural(sessions.length, 'session')} on legal hold`
  return (
    <Dialog title={title} open onClose={onClose}>
      <SayForm
        label="Reason"
        button={hold.isPending ? 'Placing…' : 'Place legal hold'}
        isRequired
        isBlocked={isTooMany}
        isPending={hold.isPending}
        error={hold.error}
        onSay={(reason = '') => hold.mutate({ sessions, matter: matter.trim(), reason })}
      >
        <p className="hint">
          While a hold is on it, nothing that was recorded is purged, whatever the settings say. A session has a hold for
          each matter.
        </p>
        {isTooMany && (
          <p className="field-error" role="alert">
            At most {heldAtOnce} sessions can be placed on hold at once: choose fewer.
          </p>
        )}
        <Field label="Matter: a case or a ticket (optional)">
          <input
            className="input"
            autoComplete="off"
            spellCheck={false}
            maxLength={200}
            value={matter}
            onChange={({ target }) => setMatter(target.value)}
          />
        </Field>
      </SayForm>
    </Dialog>
  )
}

/** Lifts the hold for one matter, with a reason. */
export function ReleaseDialog({ session, hold, onClose }: { session: string; hold: LegalHold; onClose: () => void }) {
  const release = useRelease(onClose)
  return (
    <Dialog title={`Lift the hold: ${matterWords(hold.matter)}`} open onClose={onClose}>
      <SayForm
        label="Reason"
        button={release.isPending ? 'Lifting…' : 'Lift hold'}
        isRequired
        isPending={release.isPending}
        error={release.error}
        onSay={(reason = '') => release.mutate({ sessions: [session], matter: hold.matter, reason })}
      >
        <p className="hint">Holds for other matters stay. Without any, the settings say how long the session is kept.</p>
      </SayForm>
    </Dialog>
  )
}
