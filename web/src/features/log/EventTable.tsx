import { useState } from 'react'
import { formatCount } from '../../lib/format'
import { Icon } from '../../ui/Icon'
import { Time } from '../../ui/Time'
import { EventDetail } from './EventDetail'
import type { LogEvent, LogHead } from './use-log'

type Props = { events: LogEvent[]; head: LogHead }

export function EventTable({ events, head }: Props) {
  return (
    <div className="panel table-panel">
      <table className="table event-table">
        <thead>
          <tr>
            <th scope="col">Position</th>
            <th scope="col">Type</th>
            <th scope="col">Stream</th>
            <th scope="col">At</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <EventRows key={event.position} event={event} head={head} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function EventRows({ event, head }: { event: LogEvent; head: LogHead }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <>
      <tr>
        <th scope="row" className="numeric">
          <button type="button" className="event-toggle" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
            <Icon name="chevron" />
            {formatCount(event.position)}
          </button>
        </th>
        <td>
          <code>{event.type}</code>
        </td>
        <td className="event-stream">
          <code>{event.stream}</code>
        </td>
        <td className="numeric">
          <Time at={event.at} />
        </td>
      </tr>
      {isOpen && (
        <tr className="event-open">
          <td colSpan={4}>
            <EventDetail event={event} head={head} />
          </td>
        </tr>
      )}
    </>
  )
}
