import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo } from 'react'
import { NowDocument, type MomentKind } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { hiddenLabel } from '../redaction/hidden'
import type { Moment } from '../timeline/pages'
import { nowAheadMs, nowAt, nowStretchMs, stretchAt } from './now'
import type { Playback } from './playback'
import type { PlaybackStore } from './playback-store'
import { usePlaybackValue } from './use-playback'
import type { PlayedSession } from './use-session'

type Props = { session: PlayedSession; store: PlaybackStore }

/** So often it is looked what goes on: faster nobody reads. */
const tickMs = 250

/** What goes on where playback stands: the active window, what runs, what is typed. */
export function NowStrip({ session, store }: Props) {
  const kinds = useMemo(() => new Set(session.momentMap.series.map(({ kind }) => kind)), [session.momentMap])
  const has = (...wanted: MomentKind[]) => wanted.some((kind) => kinds.has(kind))
  const isTold = has('WINDOW', 'PROCESS', 'COMMAND', 'KEYS')
  const atMs = usePlaybackValue(store, selectTick)
  const now = useNow(session.id, atMs, isTold)
  if (!isTold) return null
  const [newest, ...others] = now?.running ?? []
  return (
    <dl className="now" aria-label="At this moment" data-testid="now">
      {has('WINDOW') && (
        <Cell name="Window" isEmpty={!now?.window} title={now?.window?.text}>
          {now?.window?.text}
          {now?.window?.app && <span className="now-more"> {now.window.app}</span>}
        </Cell>
      )}
      {has('PROCESS', 'COMMAND') && (
        <Cell name="Running" isEmpty={!newest} title={now?.running.map(firstLine).join('\n')}>
          <code>{newest && firstLine(newest)}</code>
          {others.length > 0 && <span className="now-more"> and {others.length} more</span>}
        </Cell>
      )}
      {has('KEYS') && (
        <Cell name="Keys" isEmpty={!now?.keys.length} title={now?.keys.map(firstLine).join('\n')}>
          {now?.keys.map((run) => (
            <kbd key={run.id} className={run.redacted ? 'now-hidden' : undefined}>
              {run.redacted ? hiddenLabel(session.redactions, run.startMs, run.offsetMs) : firstLine(run)}
            </kbd>
          ))}
        </Cell>
      )}
    </dl>
  )
}

type CellProps = { name: string; isEmpty: boolean; title: string | undefined; children: React.ReactNode }

function Cell({ name, isEmpty, title, children }: CellProps) {
  return (
    <div className="now-cell">
      <dt>{name}</dt>
      <dd title={title}>{isEmpty ? <span className="now-more">none</span> : children}</dd>
    </div>
  )
}

const selectTick = ({ positionMs }: Playback) => Math.floor(positionMs / tickMs) * tickMs + tickMs - 1
const firstLine = ({ text }: Moment) => text.split('\n', 1)[0] ?? ''

function useNow(sessionId: string, atMs: number, enabled: boolean) {
  const client = useQueryClient()
  const fromMs = stretchAt(atMs)
  const query = useCallback((from: number) => nowQuery(sessionId, from), [sessionId])
  const { data } = useQuery({ ...query(fromMs), placeholderData: keepPreviousData, enabled })
  useEffect(() => {
    // What comes next is there when playback gets there.
    if (enabled && data) void client.prefetchQuery(query(fromMs + nowStretchMs))
  }, [client, query, fromMs, enabled, data])
  return useMemo(() => (data?.session ? nowAt(data.session, atMs) : undefined), [data, atMs])
}

const nowQuery = (id: string, fromMs: number) => ({
  queryKey: ['now', id, fromMs],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    graphql(NowDocument, { id, fromMs, toMs: fromMs + nowStretchMs + nowAheadMs }, signal),
  staleTime: 60_000,
})
