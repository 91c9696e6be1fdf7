import { useState } from 'react'
import { useNow } from '../../lib/use-now'
import { HoldDialog, ReleaseDialog } from './HoldDialog'
import { HoldList } from './HoldList'
import { KeptUntil } from './KeptUntil'
import { PurgeDialog } from './PurgeDialog'
import type { LegalHold, RetainedSession } from './use-retention'
import { whyNotPurged } from './words'
import './retention.css'

/** How long a session is kept, and what is done about it by who may: holding it, lifting holds, purging it. */
export function RetentionPanel({ session }: { session: RetainedSession }) {
  const [asked, setAsked] = useState<'hold' | 'purge'>()
  const [lifted, setLifted] = useState<LegalHold>()
  const { holds, rights } = session
  const [mayHold, mayPurge] = [rights.includes('HOLD'), rights.includes('PURGE')]
  const why = whyNotPurged(session)
  const close = () => setAsked(undefined)
  return (
    <section className="panel retention-panel" aria-labelledby="retention-title">
      <h2 id="retention-title">Retention</h2>
      <p>
        <Kept session={session} />
      </p>
      {holds.length > 0 && <HoldList holds={holds} onLift={mayHold ? setLifted : undefined} />}
      {(mayHold || (mayPurge && !why)) && (
        <div className="chips">
          {mayHold && (
            <button type="button" className="button" onClick={() => setAsked('hold')}>
              Place legal hold…
            </button>
          )}
          {mayPurge && !why && (
            <button type="button" className="button button-destroy" onClick={() => setAsked('purge')}>
              Purge recording…
            </button>
          )}
        </div>
      )}
      {mayPurge && why && <p className="hint">{why}</p>}
      {asked === 'hold' && <HoldDialog sessions={[session.id]} onClose={close} onDone={close} />}
      {asked === 'purge' && <PurgeDialog session={session} onClose={close} />}
      {lifted && <ReleaseDialog session={session.id} hold={lifted} onClose={() => setLifted(undefined)} />}
    </section>
  )
}

function Kept({ session: { onHold, keptUntil } }: { session: RetainedSession }) {
  const nowMs = useNow()
  if (onHold) return 'On legal hold: kept until every hold on it is lifted.'
  if (keptUntil === null) return 'Kept for ever: the settings let nothing of it go.'
  if (Date.parse(keptUntil) > nowMs) {
    return (
      <>
        Kept until <KeptUntil at={keptUntil} />, as the settings say.
      </>
    )
  }
  return (
    <>
      Kept until <KeptUntil at={keptUntil} />, as the settings say: it is due to be purged.
    </>
  )
}
