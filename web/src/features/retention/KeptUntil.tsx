import { formatDateTime, formatLocalDay } from '../../lib/time'

/** A day of the reader's clock; the exact UTC is a hover away. */
export function KeptUntil({ at }: { at: string }) {
  return (
    <time dateTime={at} title={formatDateTime(at)} className="numeric">
      {formatLocalDay(at)}
    </time>
  )
}
