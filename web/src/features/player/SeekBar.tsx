import { useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { PlayerView } from '../../lib/paths'
import { speakOffset } from '../../lib/time'
import { useComments } from '../review/use-comments'
import type { Clip, Sheet } from '../video/use-media'
import { ActivityStrip, SeriesSwitches } from './ActivityStrip'
import { labelAt, marksOf, spansOf } from './marks'
import type { PlaybackStore } from './playback-store'
import { SeekMarks, SeekSpans } from './SeekMarks'
import { SeekPreview } from './SeekPreview'
import { seekKeyTarget } from './seek-keys'
import { useHiddenSeries } from './series'
import { percent, timeAtFraction, type Idle } from './timeline'
import { selectDuration, selectIdles, selectPosition, selectSkipsIdle, usePlaybackValue } from './use-playback'
import { useGaps, type PlayedSession } from './use-session'

type Props = {
  session: PlayedSession
  store: PlaybackStore
  shows: PlayerView
  thumbnails?: readonly Sheet[]
  clips?: readonly Clip[]
}

const noThumbnails: readonly Sheet[] = []
const noClips: readonly Clip[] = []
/** So many pixels from a mark it is still pointed at. */
const nearPx = 6

export function SeekBar({ session, store, shows, thumbnails = noThumbnails, clips = noClips }: Props) {
  const positionMs = usePlaybackValue(store, selectPosition)
  const durationMs = usePlaybackValue(store, selectDuration)
  const bar = useRef<HTMLDivElement>(null)
  const [hover, setHover] = useState<{ atMs: number; barWidth: number }>()
  const [hiddenSeries] = useHiddenSeries()
  const { comments } = useComments(session.id)
  const marks = useMemo(() => marksOf(session, comments), [session, comments])
  const gaps = useGaps(session)
  const spans = useMemo(() => spansOf(session, clips, gaps), [session, clips, gaps])

  const timeUnder = (event: PointerEvent) => {
    const box = bar.current?.getBoundingClientRect()
    return box ? timeAtFraction((event.clientX - box.left) / box.width, durationMs) : 0
  }
  const seek = (toMs: number) => store.send({ type: 'seek', toMs })
  const onKeyDown = (event: KeyboardEvent) => {
    const toMs = seekKeyTarget(event.key, store.get().positionMs, durationMs)
    if (toMs === undefined) return
    event.preventDefault()
    event.stopPropagation()
    seek(toMs)
  }
  const nearMs = hover && hover.barWidth > 0 ? (nearPx * durationMs) / hover.barWidth : 0
  return (
    <>
      <div
        ref={bar}
        className="seek"
        role="slider"
        tabIndex={0}
        aria-label="Position in the recording"
        aria-valuemin={0}
        aria-valuemax={durationMs}
        aria-valuenow={positionMs}
        aria-valuetext={`${speakOffset(positionMs)} of ${speakOffset(durationMs)}`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          seek(timeUnder(event))
        }}
        onPointerMove={(event) => {
          setHover({ atMs: timeUnder(event), barWidth: bar.current?.clientWidth ?? 0 })
          if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(timeUnder(event))
        }}
        onPointerLeave={() => setHover(undefined)}
      >
        <SeekMarks marks={marks} durationMs={durationMs} />
        <div className="seek-track">
          <IdleStretches store={store} durationMs={durationMs} />
          <div className="seek-played" style={{ width: percent(positionMs, durationMs) }} />
          <SeekSpans spans={spans} durationMs={durationMs} />
        </div>
        <ActivityStrip activity={session.activityMap} durationMs={durationMs} hidden={hiddenSeries} />
        <div className="seek-head" style={{ left: percent(positionMs, durationMs) }} />
        {hover && (
          <SeekPreview
            {...hover}
            session={session}
            shows={shows}
            durationMs={durationMs}
            thumbnails={thumbnails}
            label={labelAt(marks, spans, hover.atMs, nearMs)}
          />
        )}
      </div>
      <SeriesSwitches activity={session.activityMap} />
    </>
  )
}

/** What is skipped; where idle time is not, it is still to be seen that there is some. */
function IdleStretches({ store, durationMs }: { store: PlaybackStore; durationMs: number }) {
  const idles = usePlaybackValue(store, selectIdles)
  const skipsIdle = usePlaybackValue(store, selectSkipsIdle)
  return idles.map((idle: Idle) => (
    <span
      key={idle.fromMs}
      className="seek-idle"
      data-skipped={skipsIdle}
      style={{ left: percent(idle.fromMs, durationMs), width: percent(idle.toMs - idle.fromMs, durationMs) }}
    />
  ))
}
