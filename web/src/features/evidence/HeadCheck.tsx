import { useState } from 'react'
import { formatCount } from '../../lib/format'
import { CopyButton } from '../../ui/CopyButton'
import { ErrorNote } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { remember, type Compared } from './remembered'
import type { Checkpoint, Signature } from './checkpoint'
import { useHeadCheck, type LogHead } from './use-evidence'
import { Verdict } from './Verdict'

/** The checkpoint that everything here is proved against: who signed it, and whether it continues what was seen before. */
export function HeadCheck({ log }: { log: LogHead }) {
  const { data, error, isPending } = useHeadCheck(log)
  if (isPending) {
    return (
      <>
        <Verdict looks="waiting">Checking the signature of the log…</Verdict>
        <Verdict looks="waiting">Comparing with what this browser saw before…</Verdict>
      </>
    )
  }
  if (error) return <ErrorNote error={error} />
  return (
    <>
      <SignatureVerdict signature={data.signature} head={data.head} />
      <ContinuityVerdict compared={data} head={data.head} verifierKey={log.verifierKey} />
      <details className="evidence-details">
        <summary>The checkpoint, and the key to compare</summary>
        <p>
          Compare this key with the one that was handed over when the log began: <code>keys/log.pub</code> of the data
          folder, kept where whoever runs this server cannot change it. All that is green here is worth as much as that key.
        </p>
        <div className="digest">
          <code>{log.verifierKey}</code>
          <CopyButton label="Copy" className="button-quiet" text={() => log.verifierKey} />
        </div>
        <pre tabIndex={0} aria-label="Text of the checkpoint">
          {log.checkpoint}
        </pre>
      </details>
    </>
  )
}

function SignatureVerdict({ signature, head }: { signature: Signature; head: Checkpoint }) {
  const size = formatCount(head.size)
  if (signature === 'signed') {
    return <Verdict looks="good">The log’s key has signed its {size} events (Ed25519, checked in this browser).</Verdict>
  }
  if (signature === 'unsupported') {
    return (
      <Verdict looks="unsure">
        This browser cannot check Ed25519 signatures: the signature over the {size} events of the log is not checked here. Use a
        newer browser, or <code>retrace verify</code>.
      </Verdict>
    )
  }
  return (
    <Verdict looks="bad">
      The checkpoint of the log is not signed by its key. Nothing here is proved. Keep this page and tell your security team.
    </Verdict>
  )
}

type ContinuityProps = { compared: Compared; head: Checkpoint; verifierKey: string }

function ContinuityVerdict({ compared: { continuity, before }, head, verifierKey }: ContinuityProps) {
  const [isForgiven, setIsForgiven] = useState(false)
  if (!before) {
    return (
      <Verdict looks="unsure">
        This browser sees this log for the first time. From now on it notices when the log was cut off, put back or replaced.
      </Verdict>
    )
  }
  const seen = (
    <>
      the one that this browser saw <Time at={before.seenAt} />
    </>
  )
  if (continuity === 'grown') return <Verdict looks="good">It continues {seen}, then with {formatCount(before.size)} events.</Verdict>
  const sizes = `${formatCount(before.size)} events then, ${formatCount(head.size)} now`
  const words = {
    shrunk: <>The log is smaller than {seen}: {sizes}. Events were taken away, or the log was put back.</>,
    forked: <>The log is not a continuation of {seen} ({sizes}): what was signed then has been changed.</>,
    otherLog: <>Another log answers here than {seen}: {before.origin} then, {head.origin} now.</>,
    otherKey: <>The log has another key than {seen}.</>,
    first: null,
  }[continuity]
  return (
    <Verdict looks="bad">
      {words} Keep this page and tell your security team.
      {isForgiven ? (
        <span> This browser takes the new one as given from now on.</span>
      ) : (
        <button
          type="button"
          className="button"
          onClick={() => {
            remember(head, verifierKey)
            setIsForgiven(true)
          }}
        >
          I know why: remember the new one
        </button>
      )}
    </Verdict>
  )
}
