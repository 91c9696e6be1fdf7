import { useState } from 'react'
import type { AccessRight, Concealed } from '../../gql/graphql'
import { formatOffset } from '../../lib/time'
import { Dialog } from '../../ui/Dialog'
import { SayForm } from '../../ui/SayForm'
import type { PlaybackStore } from '../player/playback-store'
import type { PlayedSession } from '../player/use-session'
import { hiddenName, type Redaction } from './hidden'
import { RedactDialog } from './RedactDialog'
import { useLift } from './use-redact'

type Props = { session: PlayedSession; store: PlaybackStore; may: (right: AccessRight) => boolean }

export const concealedNames: Record<Concealed, string> = { ALL: 'everything', KEYS: 'keys', SCREEN: 'screen' }

/** What is hidden in a session, by whom and why; who may hides more, and shows it again. */
export function Redactions({ session, store, may }: Props) {
  const [redactAtMs, setRedactAtMs] = useState<number>()
  const [lifted, setLifted] = useState<Redaction>()
  return (
    <section aria-labelledby="redactions-title">
      <h2 id="redactions-title">Hidden</h2>
      {session.redactions.length === 0 ? (
        <p className="hint">Nothing is hidden in this session.</p>
      ) : (
        <ol className="redactions">
          {session.redactions.map((redaction) => (
            <li key={redaction.id} className="redaction" data-lifted={redaction.liftedBy !== null}>
              <button
                type="button"
                className="button button-quiet numeric"
                onClick={() => store.send({ type: 'open', atMs: redaction.fromMs })}
              >
                {formatOffset(redaction.fromMs)} – {formatOffset(redaction.toMs)}
              </button>
              <span>
                {hiddenName(redaction)} ({concealedNames[redaction.what]}), hidden by{' '}
                {redaction.rule === null ? redaction.by : `the rule “${redaction.rule}”`}
                {redaction.liftedBy !== null &&
                  `; shown again by ${redaction.liftedBy}: ${redaction.liftedReason ?? ''}`}
              </span>
              {may('REDACT') && redaction.rule === null && redaction.liftedBy === null && (
                <button type="button" className="button" onClick={() => setLifted(redaction)}>
                  Lift…
                </button>
              )}
            </li>
          ))}
        </ol>
      )}
      {may('REDACT') && (
        <button
          type="button"
          className="button"
          onClick={() => setRedactAtMs(Math.floor(store.get().positionMs))}
        >
          Redact around this moment…
        </button>
      )}
      {redactAtMs !== undefined && (
        <RedactDialog session={session} atMs={redactAtMs} onClose={() => setRedactAtMs(undefined)} />
      )}
      {lifted && <LiftDialog session={session} redaction={lifted} onClose={() => setLifted(undefined)} />}
    </section>
  )
}

type LiftProps = { session: PlayedSession; redaction: Redaction; onClose: () => void }

function LiftDialog({ session, redaction, onClose }: LiftProps) {
  const lift = useLift(session.id)
  return (
    <Dialog title="Show it again" open onClose={onClose}>
      <SayForm
        label="Why"
        button="Lift the redaction"
        isRequired
        isPending={lift.isPending}
        error={lift.error}
        onSay={(reason) => lift.mutate({ id: redaction.id, reason: reason ?? '' }, { onSuccess: onClose })}
      />
    </Dialog>
  )
}
