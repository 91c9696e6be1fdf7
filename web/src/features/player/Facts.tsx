import { Link } from '@tanstack/react-router'
import type { EndReason } from '../../gql/graphql'
import { formatBytes, plural } from '../../lib/format'
import { formatDuration } from '../../lib/time'
import { CopyButton } from '../../ui/CopyButton'
import { Fact } from '../../ui/Fact'
import { Time } from '../../ui/Time'
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
      </div>
      <dl>
        <Fact name="User">{session.user}</Fact>
        <Fact name="Host">{session.host}</Fact>
        <Fact name="Target">{session.target}</Fact>
        <Fact name="Protocol">{session.protocol}</Fact>
        <Fact name="Command">{session.command && <code>{session.command}</code>}</Fact>
        <Fact name="Started"><Time at={session.startedAt} /></Fact>
        <Fact name="Ended">{session.endedAt && <Time at={session.endedAt} />}</Fact>
        <Fact name="Duration">{formatDuration(session.durationMs)}</Fact>
        <Fact name="How it ended">{session.endReason && endReasons[session.endReason]}</Fact>
        <Fact name="Exit status">{session.exitStatus}</Fact>
        <Fact name="Taken in"><Time at={session.recordedAt} /></Fact>
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
