import { Link } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { formatCount } from '../../lib/format'
import { formatDuration } from '../../lib/time'
import { useTitle } from '../../lib/use-title'
import { Fact } from '../../ui/Fact'
import { Icon } from '../../ui/Icon'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { Time } from '../../ui/Time'
import '../player/player.css'
import { usePurgedSession, type Purged } from './use-retention'
import { destroyedWords, purgedBy } from './words'
import './retention.css'

/** In the place of a session that is not there: what stays of it, where it was purged. */
export function PurgedNote({ id }: { id: string }) {
  const { data: purged, error, isPending, refetch } = usePurgedSession(id)
  if (isPending) return <ListSkeleton rows={4} label="Looking for what stays of the session" />
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />
  if (purged) return <WhatStays purged={purged} />
  return (
    <EmptyNote title="This session does not exist.">
      <span>Or your token does not allow you to see it.</span>
      <Link to="/sessions" className="button">
        All sessions
      </Link>
    </EmptyNote>
  )
}

function WhatStays({ purged }: { purged: Purged }) {
  useTitle('A recording that was purged')
  const { id, at, by, reason, position, startedAt, endedAt } = purged
  const before = String(BigInt(position) + 1n)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // What had the focus is gone with the recording: who does not see the page is told what it shows now.
    if (document.activeElement === document.body) heading.current?.focus()
  }, [])
  return (
    <div className="purged">
      <div className="session-head">
        <Link to="/purged" className="button button-quiet button-icon" aria-label="All purged" title="All purged">
          <Icon name="back" />
        </Link>
        <h1 ref={heading} tabIndex={-1}>
          This recording was purged
        </h1>
      </div>
      <section className="panel purged-panel" aria-labelledby="purged-title">
        <h2 id="purged-title">What was done</h2>
        <p>
          <Time at={at} /> by <b>{purgedBy(by)}</b>: {reason}
        </p>
        <p>
          {destroyedWords(purged)} {purged.events === null && !purged.blobs ? 'was' : 'were'} destroyed, for ever.
        </p>
      </section>
      <section className="panel facts" aria-labelledby="stays-title">
        <div className="facts-head">
          <h2 id="stays-title">What stays of it</h2>
        </div>
        <dl>
          <Fact name="User">{purged.user}</Fact>
          <Fact name="Host">{purged.host}</Fact>
          <Fact name="Target">{purged.target}</Fact>
          <Fact name="Protocol">{purged.protocol}</Fact>
          <Fact name="Site">{purged.site}</Fact>
          <Fact name="Folder">{purged.folder}</Fact>
          <Fact name="Started">{startedAt && <Time at={startedAt} />}</Fact>
          <Fact name="Ended">{endedAt && <Time at={endedAt} />}</Fact>
          <Fact name="Duration">
            {startedAt && endedAt && formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}
          </Fact>
          <Fact name="Session" wide>
            <code>{id}</code>
          </Fact>
          <Fact name="In the log" wide>
            Every hash of its events still stands in its place, so that the log can be verified as before.{' '}
            <Link to="/log" search={{ session: id }}>
              Where its events stood
            </Link>
            {' · '}
            <Link to="/log" search={{ before }}>
              The purge, at position {formatCount(position)}
            </Link>
          </Fact>
        </dl>
      </section>
    </div>
  )
}
