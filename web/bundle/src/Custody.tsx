import { formatDateTime } from '../../src/lib/time'
import type { CustodyEntry } from './data'

const told: Record<string, string> = {
  'session.launched': 'was launched',
  'recording.viewed': 'was looked at',
  'recording.downloaded': 'was taken as a file',
  'redaction.revealed': 'what is redacted was revealed',
  'redaction.added': 'a part was redacted',
  'redaction.lifted': 'a redaction was lifted',
  'session.reviewed': 'was reviewed',
  'session.review_reopened': 'its review was opened again',
  'session.commented': 'was commented on',
  'session.assigned': 'was assigned to a reviewer',
  'session.terminate_requested': 'its end was asked for',
  'session.message_sent': 'a message was sent into it',
  'session.policy_set': 'its policy was changed',
  'hold.placed': 'was put on legal hold',
  'hold.released': 'a legal hold was lifted',
  'retention.archived': 'was moved to the archive',
  'retention.purged': 'its content was destroyed',
}

const text = (value: unknown): string =>
  Array.isArray(value) ? value.map(text).join(', ') : typeof value === 'object' ? '' : String(value ?? '')

export function Custody({ entries }: { entries: CustodyEntry[] }) {
  return (
    <>
      <p className="tab-lead">
        Everything that people did to this recording, as the log tells it up to the position of this bundle. Each line is
        an event that is proved with the others.
      </p>
      <div className="table-frame" role="region" aria-label="Custody log" tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">Who</th>
              <th scope="col">From</th>
              <th scope="col">Detail</th>
              <th scope="col">Why</th>
              <th scope="col">Position</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(({ position, at, type, data }) => (
              <tr key={position}>
                <td className="numeric">{formatDateTime(at)}</td>
                <td>{told[type] ?? type}</td>
                <td>{text(data.by ?? data.user)}</td>
                <td>{text(data.address)}</td>
                <td>{[text(data.object), text(data.what), text(data.text), text(data.to)].filter(Boolean).join(' · ')}</td>
                <td>{text(data.reason)}</td>
                <td className="numeric">{position}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {entries.length === 0 && <p className="tab-lead">Nobody has looked at it so far.</p>}
    </>
  )
}
