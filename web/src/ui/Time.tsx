import { formatAgo, formatDateTime, formatLocal } from '../lib/time'

type Props = {
  at: string
  /** Shows how long before this it was, in milliseconds since 1970. */
  agoFrom?: number
}

/** A moment in the reader's own time zone; the exact UTC of the record is a hover away. */
export function Time({ at, agoFrom }: Props) {
  const ago = agoFrom === undefined ? undefined : formatAgo(agoFrom - Date.parse(at))
  return (
    <time dateTime={at} title={`${formatDateTime(at)}${ago ? `, ${formatLocal(at)} here` : ''}`} className="numeric">
      {ago ?? formatLocal(at)}
    </time>
  )
}
