import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { EndReason } from '../../gql/graphql'
import { formatBytes, plural } from '../../lib/format'
import { paths } from '../../lib/paths'
import { formatDateTime, formatDuration } from '../../lib/time'
import { CopyButton } from '../../ui/CopyButton'
import { Icon } from '../../ui/Icon'
import type { PlayedSession } from './use-session'

const endReasons: Record<EndReason, string> = {
  USER: 'ended by the user',
  TERMINATED: 'terminated by an administrator',
  INACTIVITY: 'ended after inactivity',
  MAX_LENGTH: 'reached the longest time allowed',
  CONNECTION_LOST: 'connection lost',
  SERVER_UNREACHABLE: 'server unreachable',
  REFUSED: 'refused before it began',
  UNKNOWN: 'reason unknown',
}

export function Facts({ session }: { session: PlayedSession }) {
  const { recording, counts } = session
  return (
    <section className="panel facts" aria-labelledby="facts-title">
      <div className="facts-head">
        <h2 id="facts-title">About this session</h2>
        <Downloads session={session.id} url={session.asciicastUrl} />
      </div>
      <dl>
        <Fact name="User">{session.user}</Fact>
        <Fact name="Host">{session.host}</Fact>
        <Fact name="Target">{session.target}</Fact>
        <Fact name="Protocol">{session.protocol}</Fact>
        <Fact name="Command">{session.command && <code>{session.command}</code>}</Fact>
        <Fact name="Started">{formatDateTime(session.startedAt)}</Fact>
        <Fact name="Ended">{session.endedAt && formatDateTime(session.endedAt)}</Fact>
        <Fact name="Duration">{formatDuration(session.durationMs)}</Fact>
        <Fact name="How it ended">{session.endReason && endReasons[session.endReason]}</Fact>
        <Fact name="Exit status">{session.exitStatus}</Fact>
        <Fact name="Taken in">{formatDateTime(session.recordedAt)}</Fact>
        <Fact name="Terminal">{session.terminal && `${session.terminal.columns} × ${session.terminal.rows}`}</Fact>
        <Fact name="Holds">
          {plural(counts.events, 'event')}, {formatBytes(counts.outputBytes)} of output, {plural(counts.keys, 'key')},{' '}
          {plural(counts.markers, 'marker')}
        </Fact>
        <Fact name="File">{recording && `${recording.name}, ${recording.format}, ${formatBytes(recording.bytes)}`}</Fact>
        <Fact name="SHA-256 of the file" wide>
          {recording && (
            <span className="digest">
              <code>{recording.sha256}</code>
              <CopyButton label="Copy" className="button-quiet" text={() => recording.sha256} />
            </span>
          )}
        </Fact>
        <Fact name="Streams" wide>
          {session.streams.length > 0 && <code>{session.streams.join('  ')}</code>}
        </Fact>
        <Fact name="In the log" wide>
          <Link to="/log" search={{ session: session.id }}>
            Events of this session
          </Link>
          {' · '}
          <Link to="/sessions/$id/evidence" params={{ id: session.id }}>
            Evidence: proof, coverage, who looked
          </Link>
        </Fact>
      </dl>
    </section>
  )
}

/** What is not known is left out. */
function Fact({ name, wide, children }: { name: string; wide?: boolean; children: ReactNode }) {
  if (children === null || children === undefined || children === '' || children === false) return null
  return (
    <div className={wide ? 'fact fact-wide' : 'fact'}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** What the terminal showed, drawn. */
const films = [
  ['gif', 'GIF'],
  ['mp4', 'MP4'],
  ['webm', 'WebM'],
] as const

function Downloads({ session, url }: { session: string; url: string | null }) {
  if (url === null) return null
  return (
    <div className="chips">
      <a className="button" href={paths.asciicast(url, 2, true)} download>
        <Icon name="download" />
        asciicast v2
      </a>
      <a className="button" href={paths.asciicast(url, 3, true)} download>
        <Icon name="download" />
        asciicast v3
      </a>
      {films.map(([ending, name]) => (
        <a key={ending} className="button" href={paths.film(session, ending)} download>
          <Icon name="download" />
          {name}
        </a>
      ))}
    </div>
  )
}
