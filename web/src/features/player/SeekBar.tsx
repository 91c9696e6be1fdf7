import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { PlayerView } from '../../lib/paths'
import { formatClock, formatOffset, speakOffset } from '../../lib/time'
import { Thumbnail } from '../video/Thumbnail'
import { tileAt } from '../video/thumbnails'
import type { Sheet } from '../video/use-media'
import { ActivityStrip } from './ActivityStrip'
import type { PlaybackStore } from './playback-store'
import { seekKeyTarget } from './seek-keys'
import { percent, timeAtFraction, type Idle } from './timeline'
import { selectDuration, selectIdles, selectPosition, selectSkipsIdle, usePlaybackValue } from './use-playback'
import type { PlayedSession } from './use-session'

type Props = { session: PlayedSession; store: PlaybackStore; shows: PlayerView; thumbnails?: readonly Sheet[] }

const noThumbnails: readonly Sheet[] = []
const previewWidth = 160

export function SeekBar({ session, store, shows, thumbnails = noThumbnails }: Props) {
  const positionMs = usePlaybackValue(store, selectPosition)
  const durationMs = usePlaybackValue(store, selectDuration)
  const bar = useRef<HTMLDivElement>(null)
  const [hover, setHover] = useState<{ atMs: number; barWidth: number }>()

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
  return (
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
      <div className="seek-track">
        <IdleStretches store={store} durationMs={durationMs} />
        <div className="seek-played" style={{ width: percent(positionMs, durationMs) }} />
        {session.changes.map(({ offsetMs }) => (
          <span key={offsetMs} className="seek-change" style={{ left: percent(offsetMs, durationMs) }} />
        ))}
        {session.markers.map((marker) => (
          <span
            key={`${marker.offsetMs} ${marker.label}`}
            className="seek-marker"
            style={{ left: percent(marker.offsetMs, durationMs) }}
          />
        ))}
      </div>
      <ActivityStrip activity={session.activityMap} durationMs={durationMs} shows={shows} />
      <div className="seek-head" style={{ left: percent(positionMs, durationMs) }} />
      {hover && <Preview {...hover} durationMs={durationMs} thumbnails={thumbnails} />}
    </div>
  )
}

type PreviewProps = { atMs: number; barWidth: number; durationMs: number; thumbnails: readonly Sheet[] }

/** What is to be seen at the time under the pointer. */
function Preview({ atMs, barWidth, durationMs, thumbnails }: PreviewProps) {
  const tile = tileAt(thumbnails, atMs)
  const at = percent(atMs, durationMs)
  const width = Math.min(previewWidth, barWidth / 3)
  const half = width / 2
  return (
    <>
      <div className="seek-hover" style={{ left: at }} />
      <div
        className="seek-preview numeric"
        // A picture is not cut off at the ends of the bar.
        style={{ left: tile ? `clamp(${half}px, ${at}, 100% - ${half}px)` : at }}
      >
        {tile && <Thumbnail tile={tile} width={width} />}
        <span>{durationMs < 600_000 ? formatOffset(atMs) : formatClock(atMs)}</span>
      </div>
    </>
  )
}

function IdleStretches({ store, durationMs }: { store: PlaybackStore; durationMs: number }) {
  const idles = usePlaybackValue(store, selectIdles)
  const skipsIdle = usePlaybackValue(store, selectSkipsIdle)
  if (!skipsIdle) return null
  return idles.map((idle: Idle) => (
    <span
      key={idle.fromMs}
      className="seek-idle"
      style={{ left: percent(idle.fromMs, durationMs), width: percent(idle.toMs - idle.fromMs, durationMs) }}
    />
  ))
}
