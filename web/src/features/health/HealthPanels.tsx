import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { formatBytes, formatCount, plural, sessionName } from '../../lib/format'
import { formatDuration } from '../../lib/time'
import { DataTable } from '../../ui/DataTable'
import { ErrorNote } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { rateText } from './rate'
import { useRate, useRetryFailedVideos, type ActiveSessions, type Health } from './use-health'

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="numeric">{children}</dd>
    </div>
  )
}

export function LogPanel({ health }: { health: Health }) {
  const rate = useRate(health)
  return (
    <section className="panel health-panel" aria-labelledby="health-log">
      <h2 id="health-log">Log</h2>
      <p className="health-large numeric" data-testid="health-log-size">
        {formatCount(health.logSize)} <small>events</small>
      </p>
      <dl>
        <Fact label="Newest position">{health.logSize === '0' ? 'none' : formatCount(String(BigInt(health.logSize) - 1n))}</Fact>
        <Fact label="Checkpoint signed">
          {health.checkpointAt ? <Time at={health.checkpointAt} agoFrom={Date.parse(health.at)} /> : 'never'}
        </Fact>
        <Fact label="Events a second">{rateText(rate)}</Fact>
        <Fact label="Size">{health.disk?.log == null ? 'in its database' : formatBytes(health.disk.log)}</Fact>
      </dl>
    </section>
  )
}

export function DiskPanel({ health: { disk, freeSpaceMin } }: { health: Health }) {
  if (!disk) {
    return (
      <section className="panel health-panel" aria-labelledby="health-disk">
        <h2 id="health-disk">Disk</h2>
        <p>The system does not say how full it is.</p>
      </section>
    )
  }
  const isShort = disk.free < freeSpaceMin
  return (
    <section className="panel health-panel" aria-labelledby="health-disk">
      <h2 id="health-disk">Disk of the data folder</h2>
      <p className="health-large numeric">
        {formatBytes(disk.free)} <small>free of {formatBytes(disk.total)}</small>
      </p>
      <meter
        min={0}
        max={disk.total}
        value={disk.total - disk.free}
        high={disk.total - freeSpaceMin}
        optimum={0}
        aria-label="Used of the disk"
      />
      {isShort && (
        <p className="health-problem">
          Less than {formatBytes(freeSpaceMin)} are free: no new session is promised to be recorded.
        </p>
      )}
      <dl>
        <Fact label="Log">{bytesOr(disk.log, 'elsewhere')}</Fact>
        <Fact label="Footage and files">{bytesOr(disk.blobs, 'too many to count')}</Fact>
        <Fact label="Read models">{bytesOr(disk.readModels, 'too many to count')}</Fact>
      </dl>
    </section>
  )
}

const bytesOr = (bytes: number | null | undefined, other: string) => (bytes == null ? other : formatBytes(bytes))

export function VideoPanel({ health: { videos }, mayRetry }: { health: Health; mayRetry: boolean }) {
  const retry = useRetryFailedVideos()
  return (
    <section className="panel health-panel" aria-labelledby="health-videos">
      <h2 id="health-videos">Video</h2>
      <dl>
        <Fact label="Waiting">{formatCount(videos.requested)}</Fact>
        <Fact label="Being built">{formatCount(videos.working)}</Fact>
        <Fact label="Failed">{formatCount(videos.failed)}</Fact>
      </dl>
      {mayRetry && (
        <div className="form-actions">
          <button
            type="button"
            className="button"
            disabled={videos.failed === 0 || retry.isPending}
            onClick={() => retry.mutate()}
          >
            Retry failed videos
          </button>
          <span role="status">{retry.data && `${plural(retry.data.retryFailedVideos, 'video')} asked for again`}</span>
        </div>
      )}
      {retry.error && <ErrorNote error={retry.error} />}
    </section>
  )
}

export function ProjectionTable({ health: { projections } }: { health: Health }) {
  return (
    <section aria-labelledby="health-projections">
      <div className="section-head">
        <h2 id="health-projections">Read models</h2>
        <p>Views of the log: each can be dropped and built anew with <code>retrace rebuild</code>.</p>
      </div>
      <DataTable label="Table of read models" head={['Name', 'Checkpoint', 'Behind', 'State']}>
        {projections.map(({ name, checkpoint, lag, lagSeconds, problem }) => (
          <tr key={name}>
            <th scope="row" data-label="Name">
              {name}
            </th>
            <td data-label="Checkpoint" className="numeric">
              {formatCount(checkpoint)}
            </td>
            <td data-label="Behind" className="numeric">
              {lag === 0 ? '0' : `${plural(lag, 'event')}, ${formatDuration(lagSeconds * 1000)}`}
            </td>
            <td data-label="State">
              {problem ? (
                <span className="health-problem">Tried again: {problem}</span>
              ) : (
                <span className={`badge ${lag === 0 ? 'badge-active' : 'badge-warning'}`}>
                  {lag === 0 ? 'Up to date' : 'Catching up'}
                </span>
              )}
            </td>
          </tr>
        ))}
      </DataTable>
    </section>
  )
}

/** A recorder that sent nothing for so long is quiet, or keeps what it records until it reaches the server again. */
const quietMs = 60_000

export function RecorderTable({ sessions, nowMs }: { sessions: ActiveSessions; nowMs: number }) {
  const silent = sessions.nodes.filter(({ lastActivityAt }) => nowMs - Date.parse(lastActivityAt) > quietMs)
  return (
    <section aria-labelledby="health-recorders">
      <div className="section-head">
        <h2 id="health-recorders">Recorders</h2>
        <p>
          {sessions.totalCount === 0
            ? 'No session goes on.'
            : `${plural(sessions.totalCount, 'session')} not ended, ${formatCount(silent.length)} of which sent nothing for a minute or more.`}
        </p>
      </div>
      {silent.length > 0 && (
        <DataTable label="Table of silent recorders" head={['Session', 'User', 'Host', 'Last heard of']}>
          {silent.map((session) => (
            <tr key={session.id}>
              <th scope="row" data-label="Session">
                <Link to="/sessions/$id" params={{ id: session.id }}>
                  {sessionName(session)}
                </Link>
              </th>
              <td data-label="User">{session.user ?? ''}</td>
              <td data-label="Host">{session.host ?? ''}</td>
              <td data-label="Last heard of">
                <Time at={session.lastActivityAt} agoFrom={nowMs} />
              </td>
            </tr>
          ))}
        </DataTable>
      )}
    </section>
  )
}
