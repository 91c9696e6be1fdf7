import { formatCount, plural } from '../../lib/format'
import { Icon } from '../../ui/Icon'
import { ErrorNote } from '../../ui/notes'
import { FootageCheck } from './FootageCheck'
import { HeadCheck } from './HeadCheck'
import { useVerification, type EvidenceSession, type LogHead } from './use-evidence'
import { Verdict } from './Verdict'
import type { Outcome, Progress } from './verify-session'
import { VerifiedDetails } from './VerifiedDetails'

/** Browsers offer hashing on HTTPS and on this very machine only. */
const canHash = () => globalThis.crypto?.subtle !== undefined

type Props = { session: EvidenceSession; log: LogHead }

/** That the events of the session stand in the log as they were taken in, shown by this browser itself. */
export function ProofPanel({ session, log }: Props) {
  const check = useVerification(session.id, log.verifierKey)
  const mayRead = session.rights.includes('VIEW_RECORDINGS')
  if (!canHash()) {
    return (
      <section className="panel evidence-panel" aria-labelledby="proof-title">
        <h2 id="proof-title">Proof</h2>
        <Verdict looks="unsure">Your browser can check proofs only over HTTPS. Use that, or retrace verify.</Verdict>
      </section>
    )
  }
  return (
    <section className="panel evidence-panel" aria-labelledby="proof-title">
      <div className="evidence-head">
        <h2 id="proof-title">Proof</h2>
        {mayRead && <Downloads session={session.id} size={log.size} />}
      </div>
      <HeadCheck log={log} />
      <div className="evidence-result" role="status">
        {check.progress && <ProgressBar progress={check.progress} onStop={check.stop} />}
        {check.data && !check.isPending && <Result outcome={check.data} />}
      </div>
      {check.error && !wasStopped(check.error) && (
        <>
          <Verdict looks="bad">
            Not all events could be read, so nothing is proved about this session. If it happens again, the log is damaged:
            run <code>retrace verify</code> on the server.
          </Verdict>
          <ErrorNote error={check.error} />
        </>
      )}
      {wasStopped(check.error) && <Verdict looks="unsure">The check was stopped: nothing is proved about this session.</Verdict>}
      {!check.isPending && mayRead && (
        <div className="evidence-ask">
          <button type="button" className="button button-primary" onClick={() => check.mutate()}>
            {check.data || check.error ? 'Verify again' : `Verify all ${plural(session.counts.events, 'event')}`}
          </button>
          <span>
            Each is read, hashed in this browser, and led up to the signed root, together with who looked. It is written down as
            a download.
          </span>
        </div>
      )}
      {!mayRead && <p className="evidence-note">To verify its events one needs the right to see the recording.</p>}
      {check.data && !check.isPending && <VerifiedDetails outcome={check.data} />}
      {check.data && <FootageCheck session={session.id} lines={check.data.verified.lines} />}
    </section>
  )
}

const wasStopped = (error: unknown) => error instanceof DOMException && error.name === 'AbortError'

function ProgressBar({ progress: { phase, done, total }, onStop }: { progress: Progress; onStop: () => void }) {
  const words = phase === 'reading' ? 'Reading and hashing' : 'Joining the hashes'
  return (
    <div className="evidence-progress">
      <label>
        <span className="numeric">
          {words}: {formatCount(done)} of {formatCount(total)}
        </span>
        <progress value={done} max={Math.max(1, total)} />
      </label>
      <button type="button" className="button" onClick={onStop}>
        Stop
      </button>
    </div>
  )
}

function Result({ outcome }: { outcome: Outcome }) {
  const { lines, redacted, signature, proof } = outcome.verified
  if (!outcome.isProved) {
    const { flaw } = outcome
    const [first] = flaw.lines
    return (
      <Verdict looks="bad">
        <strong>Not proved.</strong> {flaw.words}
        {first && (
          <>
            {' '}
            {flaw.lines.length === 1 ? 'It is event' : `These are ${flaw.lines.length} events, the first is`}{' '}
            <b className="numeric">{formatCount(first.position)}</b> (<code>{first.type}</code>, version {first.version} of{' '}
            <code>{first.stream}</code>).
          </>
        )}{' '}
        Keep this page and tell your security team.
      </Verdict>
    )
  }
  const all = formatCount(lines.length)
  return (
    <>
      <Verdict looks={signature === 'signed' ? 'good' : 'unsure'}>
        <strong>
          {all} of {all} events are in the log exactly as they were taken in
        </strong>
        , under the checkpoint of {formatCount(proof.checkpoint.size)} events
        {signature === 'signed' ? '.' : ', whose signature this browser cannot check.'}
      </Verdict>
      {redacted > 0 && (
        <Verdict looks="unsure">
          {plural(redacted, 'event')} of them {redacted === 1 ? 'is' : 'are'} redacted for you: that they are there is proved, and not
          what their lines show.
        </Verdict>
      )}
    </>
  )
}

/** What `retrace verify` checks anywhere, offline. Events and proof are of the same size of the log, or they would not fit. */
function Downloads({ session, size }: { session: string; size: string }) {
  return (
    <div className="chips">
      <a className="button" href={`/v1/sessions/${session}/bundle`} title="A zip that plays and proves itself, offline" download>
        <Icon name="download" />
        Bundle
      </a>
      <a className="button" href={`/v1/sessions/${session}/ndjson?download=1&size=${size}`} download>
        <Icon name="download" />
        Events
      </a>
      <a className="button" href={`/v1/sessions/${session}/ndjson.proof?download=1&size=${size}`} download>
        <Icon name="download" />
        Proof
      </a>
    </div>
  )
}
