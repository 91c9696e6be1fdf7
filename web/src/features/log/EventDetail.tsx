import { Link } from '@tanstack/react-router'
import { toApiError } from '../../lib/errors'
import { formatCount } from '../../lib/format'
import { CopyButton } from '../../ui/CopyButton'
import { Time } from '../../ui/Time'
import { indentLeaf } from './leaf'
import { useInclusionCheck, type LogEvent, type LogHead } from './use-log'

export function EventDetail({ event, head }: { event: LogEvent; head: LogHead }) {
  return (
    <div className="event-detail">
      <pre tabIndex={0} aria-label={`Leaf of event ${event.position}`}>
        {indentLeaf(event.leaf)}
      </pre>
      <p>
        Leaf hash <code>{event.leafHash}</code>
      </p>
      <p>
        Version {formatCount(event.version)} of its stream, taken in <Time at={event.recordedAt} />
      </p>
      <div className="event-actions">
        <CopyButton label="Copy exact leaf" text={() => event.leaf} />
        {event.session && (
          <Link to="/sessions/$id" params={{ id: event.session }} className="button">
            Open session
          </Link>
        )}
        <InclusionCheck event={event} head={head} />
      </div>
    </div>
  )
}

function InclusionCheck({ event, head }: { event: LogEvent; head: LogHead }) {
  const check = useInclusionCheck(event, head)
  // Browsers offer hashing on HTTPS and on this very machine only.
  const canHash = globalThis.crypto?.subtle !== undefined
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={check.isPending || !canHash}
        title={canHash ? undefined : 'Your browser can only do this over HTTPS.'}
        onClick={() => check.mutate()}
      >
        Prove that it is in the log
      </button>
      <span role="status" className={check.data && !check.data.isIncluded ? 'proof-bad' : 'proof-good'}>
        {check.isPending && 'Checking…'}
        {check.error && toApiError(check.error).message}
        {check.data && wordsFor(check.data.isIncluded, check.data.head.size)}
      </span>
    </>
  )
}

function wordsFor(isIncluded: boolean, size: string): string {
  return isIncluded
    ? `Proved: your browser hashed this leaf up to the root of the log of ${formatCount(size)} events.`
    : 'Not proved: this leaf does not lead to the root hash. Keep this page and tell your security team.'
}
