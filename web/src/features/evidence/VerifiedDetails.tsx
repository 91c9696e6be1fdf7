import { useState } from 'react'
import { formatCount, plural } from '../../lib/format'
import { toBase64 } from '../log/merkle'
import type { Line } from './lines'
import type { Outcome } from './verify-session'

const shownAtOnce = 100

/** What was checked, for whoever wants to see it. */
export function VerifiedDetails({ outcome }: { outcome: Outcome }) {
  const { lines, spans, proof } = outcome.verified
  const flawed = outcome.isProved ? [] : outcome.flaw.lines
  const [shown, setShown] = useState(shownAtOnce)
  return (
    <details className="evidence-details" open={flawed.length > 0}>
      <summary>What was checked</summary>
      <dl className="evidence-facts">
        <div>
          <dt>Root that was signed</dt>
          <dd>
            <code>{proof.checkpoint.rootHash}</code>
          </dd>
        </div>
        <div>
          <dt>Hashes of the proof</dt>
          <dd>{formatCount(proof.hashes.length)}</dd>
        </div>
        <div>
          <dt>Streams, each without a gap</dt>
          <dd>
            <ul>
              {spans.map(({ stream, first, last }) => (
                <li key={stream}>
                  <code>{stream}</code>: versions {formatCount(first)} to {formatCount(last)}
                </li>
              ))}
            </ul>
          </dd>
        </div>
      </dl>
      <div className="evidence-lines" role="region" aria-label="Events that were checked" tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Position</th>
              <th scope="col">Type</th>
              <th scope="col">Hash, computed here</th>
            </tr>
          </thead>
          <tbody>
            {[...flawed, ...lines.filter((line) => !flawed.includes(line))].slice(0, shown).map((line) => (
              <LineRow key={line.position} line={line} isFlawed={flawed.includes(line)} />
            ))}
          </tbody>
        </table>
        {lines.length > shown && (
          <button type="button" className="button" onClick={() => setShown(shown + 10 * shownAtOnce)}>
            Show more of {plural(lines.length, 'event')}
          </button>
        )}
      </div>
    </details>
  )
}

function LineRow({ line, isFlawed }: { line: Line; isFlawed: boolean }) {
  return (
    <tr className={isFlawed ? 'line-flawed' : undefined}>
      <th scope="row" className="numeric">
        {formatCount(line.position)}
      </th>
      <td>
        <code>{line.type}</code>
        {line.redacted && <span className="badge">redacted</span>}
        {isFlawed && <span className="badge badge-danger">not what is in the log</span>}
      </td>
      <td>
        <code>{toBase64(line.hash)}</code>
      </td>
    </tr>
  )
}
