import { useSyncExternalStore } from 'react'
import type { EndReason } from '../../gql/graphql'
import { formatBytes, formatCount, sessionName } from '../../lib/format'
import { readStored, subscribeStored, writeStored } from '../../lib/stored'
import { formatDateTime, formatDuration } from '../../lib/time'
import { stateNames } from '../../ui/StateBadge'
import type { SessionRow } from './use-sessions'

export type Column = {
  id: string
  title: string
  /** As it is shown where nothing more is made of it, and as it stands in a CSV file: times in UTC. */
  text: (session: SessionRow) => string
  /** Of a time: the instant, to be shown on the reader's own clock. */
  at?: (session: SessionRow) => string | null | undefined
  isNumeric?: boolean
  isShownAtFirst?: boolean
}

const endReasons: Record<EndReason, string> = {
  USER: 'by the user',
  TERMINATED: 'terminated',
  INACTIVITY: 'inactivity',
  MAX_LENGTH: 'longest time',
  CONNECTION_LOST: 'connection lost',
  SERVER_UNREACHABLE: 'server unreachable',
  REFUSED: 'refused',
  UNKNOWN: 'unknown',
}

function timeColumn(id: string, title: string, at: NonNullable<Column['at']>): Column {
  return { id, title, at, text: (session) => utc(at(session)), isNumeric: true }
}

/** In a file nobody can point at a time: the title says what it is in. */
export const titleInFile = ({ title, at }: Column) => (at ? `${title} (UTC)` : title)

const utc = (iso: string | null | undefined) => (iso ? formatDateTime(iso).replace(' UTC', '') : '')

/** The name is always shown, and leads to the session. */
export const nameColumn: Column = { id: 'session', title: 'Session', text: sessionName }
export const activityColumn: Column = { id: 'activity', title: 'Activity', text: () => '', isShownAtFirst: true }

export const columns: readonly Column[] = [
  { id: 'user', title: 'User', text: ({ user }) => user ?? '', isShownAtFirst: true },
  { id: 'host', title: 'Host', text: ({ host }) => host ?? '', isShownAtFirst: true },
  { id: 'target', title: 'Target', text: ({ target }) => target ?? '' },
  { id: 'protocol', title: 'Protocol', text: ({ protocol }) => protocol ?? '' },
  { id: 'groups', title: 'Groups', text: ({ groups }) => groups.join(', ') },
  { id: 'secret', title: 'Secret', text: ({ secret }) => secret ?? '' },
  { id: 'folder', title: 'Folder', text: ({ folder }) => folder ?? '' },
  { id: 'site', title: 'Site', text: ({ site }) => site ?? '' },
  { id: 'launcher', title: 'Launcher', text: ({ launcher }) => launcher ?? '' },
  { id: 'policy', title: 'Policy', text: ({ policy }) => policy ?? '' },
  { ...timeColumn('started', 'Started', ({ startedAt }) => startedAt), isShownAtFirst: true },
  timeColumn('ended', 'Ended', ({ endedAt }) => endedAt),
  {
    id: 'duration',
    title: 'Duration',
    text: ({ durationMs }) => formatDuration(durationMs),
    isNumeric: true,
    isShownAtFirst: true,
  },
  activityColumn,
  { id: 'state', title: 'State', text: ({ state }) => stateNames[state], isShownAtFirst: true },
  timeColumn('last-activity', 'Last activity', ({ lastActivityAt }) => lastActivityAt),
  { id: 'end-reason', title: 'Ended by', text: ({ endReason }) => (endReason ? endReasons[endReason] : '') },
  { id: 'review', title: 'Review', text: reviewText, isShownAtFirst: true },
  { id: 'assignee', title: 'Assignee', text: ({ review }) => review.assignee ?? '' },
  { id: 'comments', title: 'Comments', text: ({ review }) => formatCount(review.commentCount), isNumeric: true },
  { id: 'gaps', title: 'Gaps', text: ({ gaps }) => formatCount(gaps), isNumeric: true },
  { id: 'hold', title: 'Legal hold', text: ({ onHold }) => (onHold ? 'on hold' : '') },
  { id: 'keys', title: 'Keys', text: ({ counts }) => formatCount(counts.keys), isNumeric: true },
  { id: 'output', title: 'Output', text: ({ counts }) => formatBytes(counts.outputBytes), isNumeric: true },
  { id: 'format', title: 'Format', text: ({ recording, protocol }) => recording?.format ?? protocol ?? '' },
  { id: 'size', title: 'Size', text: ({ recording }) => (recording ? formatBytes(recording.bytes) : ''), isNumeric: true },
]

function reviewText({ review, state }: SessionRow): string {
  if (review.reviewedAt) return review.reviewedBy ? `by ${review.reviewedBy}` : 'reviewed'
  return review.sampled && state === 'ENDED' ? 'waiting' : ''
}

const key = 'retrace.session-columns'

/** In the order of the table, whatever order was kept; those of the beginning where nothing sensible was. */
export function chosenColumns(stored: string | null): Column[] {
  const ids = stored?.split(',')
  return columns.filter(({ id, isShownAtFirst }) => (ids ? ids.includes(id) : isShownAtFirst))
}

/** The columns that were chosen in this browser. */
export function useColumns() {
  const stored = useSyncExternalStore(subscribeStored, () => readStored(key))
  const shown = chosenColumns(stored)
  const toggle = (column: Column) => {
    const ids = columns.filter((each) => shown.includes(each) !== (each === column)).map(({ id }) => id)
    writeStored(key, ids.join(','))
  }
  return { shown, toggle }
}
