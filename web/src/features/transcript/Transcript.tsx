import { memo, useCallback, useEffect, useMemo, useRef } from 'react'
import { plural } from '../../lib/format'
import { paths } from '../../lib/paths'
import { formatDuration, formatOffset } from '../../lib/time'
import { LoadMore } from '../../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import type { Playback } from '../player/playback'
import type { PlaybackStore } from '../player/playback-store'
import { indexAt } from '../player/timeline'
import { usePlaybackValue } from '../player/use-playback'
import type { PlayedSession } from '../player/use-session'
import { hiddenLabel } from '../redaction/hidden'
import type { Moment } from '../timeline/pages'
import { blocksOf, type Block } from './blocks'
import { useTranscript } from './use-transcript'

type Props = { session: PlayedSession; store: PlaybackStore }

/** All that a terminal showed as text, to be read and searched like a page. Each line leads to its moment. */
export function Transcript({ session, store }: Props) {
  const { moments, error, isPending, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } = useTranscript(session.id)
  const blocks = useMemo(() => blocksOf(moments), [moments])
  const currentId = useCurrent(moments, store)
  const current = useMemo(() => blockOf(blocks, currentId), [blocks, currentId])
  const root = useRef<HTMLDivElement>(null)
  useFollowed(root, currentId, store)
  useLineLinks(root, store)
  return (
    <div ref={root} className="transcript panel" tabIndex={0} role="region" aria-label="Transcript">
      {isPending && <ListSkeleton rows={8} label="Loading the transcript" />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!isPending && !error && moments.length === 0 && <EmptyNote title="Nothing was written in this session." />}
      {blocks.map((block) => (
        <TranscriptBlock
          key={block.key}
          block={block}
          session={session}
          currentId={block === current ? currentId : undefined}
        />
      ))}
      {isFetchingNextPage && <p className="hint">{plural(moments.length, 'line')} so far…</p>}
      {!isFetchingNextPage && (
        <LoadMore hasMore={hasNextPage} isLoading={false} label="Load more lines" onMore={() => void fetchNextPage()} />
      )}
    </div>
  )
}

type BlockProps = { block: Block; session: PlayedSession; currentId: string | undefined }

const TranscriptBlock = memo(function TranscriptBlock({ block, session, currentId }: BlockProps) {
  const { command, lines } = block
  return (
    <section className="transcript-block" style={{ containIntrinsicSize: `auto ${lines.length * 20 + 44}px` }}>
      {command && (
        <h2 className="transcript-command" aria-current={command.id === currentId ? 'time' : undefined}>
          <Line moment={command} session={session} isCurrent={command.id === currentId} />
          <span className="transcript-facts numeric">
            {[
              command.cwd,
              command.exitStatus === null ? '' : `exit ${command.exitStatus}`,
              command.durationMs === null ? '' : formatDuration(command.durationMs),
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </h2>
      )}
      {lines.map((line) => (
        <Line key={line.id} moment={line} session={session} isCurrent={line.id === currentId} />
      ))}
    </section>
  )
})

function Line({ moment, session, isCurrent }: { moment: Moment; session: PlayedSession; isCurrent: boolean }) {
  const isMarker = moment.kind === 'MARKER'
  return (
    <a
      className={isMarker ? 'transcript-line transcript-marker' : 'transcript-line'}
      href={paths.session(session.id, { t: moment.offsetMs, view: 'text' })}
      data-at-ms={moment.offsetMs}
      aria-current={isCurrent ? 'time' : undefined}
      title={formatOffset(moment.offsetMs)}
    >
      {isMarker ? `Marker: ${moment.text}` : moment.text}
      {moment.redacted && (
        <span className="badge badge-hidden">{hiddenLabel(session.redactions, moment.startMs, moment.offsetMs)}</span>
      )}
    </a>
  )
}

/** A line that is pressed opens its moment; with a key held it is a link like any other. One listener for all of them. */
function useLineLinks(root: React.RefObject<HTMLDivElement | null>, store: PlaybackStore): void {
  useEffect(() => {
    const element = root.current
    if (!element) return
    const onClick = (event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || !(event.target instanceof Element)) return
      const line = event.target.closest('a[data-at-ms]')
      if (!line) return
      event.preventDefault()
      store.send({ type: 'open', atMs: Number(line.getAttribute('data-at-ms')) })
    }
    element.addEventListener('click', onClick)
    return () => element.removeEventListener('click', onClick)
  }, [root, store])
}

/** The line that came last. */
function useCurrent(moments: readonly Moment[], store: PlaybackStore): string | undefined {
  const times = useMemo(() => moments.map(({ offsetMs }) => offsetMs), [moments])
  const select = useCallback(({ positionMs }: Playback) => moments[indexAt(times, positionMs)]?.id, [moments, times])
  return usePlaybackValue(store, select)
}

const blockOf = (blocks: readonly Block[], id: string | undefined): Block | undefined =>
  id === undefined
    ? undefined
    : blocks.find(({ command, lines }) => command?.id === id || lines.some((line) => line.id === id))

/** Keeps the line that came last in view while it plays, unless somebody reads. */
function useFollowed(
  root: React.RefObject<HTMLDivElement | null>,
  currentId: string | undefined,
  store: PlaybackStore,
): void {
  const wasShown = useRef(false)
  useEffect(() => {
    const element = root.current
    const line = currentId === undefined ? null : element?.querySelector('a[aria-current=time]')
    if (!element || !(line instanceof HTMLElement)) return
    const isPlaying = store.get().phase === 'playing'
    // Where it opens it is to be seen what the link is about.
    if (wasShown.current && (!isPlaying || element.matches(':hover'))) return
    wasShown.current = true
    const top = line.getBoundingClientRect().top - element.getBoundingClientRect().top
    if (top < 0 || top > element.clientHeight - 40) element.scrollBy(0, top - element.clientHeight / 3)
  }, [root, currentId, store])
}
