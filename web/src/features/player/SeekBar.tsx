import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { formatClock, formatOffset, speakOffset } from '../../lib/time'
import { ActivityStrip } from './ActivityStrip'
import type { PlaybackStore } from './playback-store'
import { seekKeyTarget } from './seek-keys'
import { percent, timeAtFraction, type Idle } from './timeline'
import { selectDuration, selectIdles, selectPosition, selectSkipsIdle, usePlaybackValue } from './use-playback'
import type { PlayedSession } from './use-session'

type Props = { session: PlayedSession; store: PlaybackStore }

export function SeekBar({ session, store }: Props) {
  const positionMs = usePlaybackValue(store, selectPosition)
  const durationMs = usePlaybackValue(store, selectDuration)
  const bar = useRef<HTMLDivElement>(null)
  const [hoverMs, setHoverMs] = useState<number>()

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
        setHoverMs(timeUnder(event))
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(timeUnder(event))
      }}
      onPointerLeave={() => setHoverMs(undefined)}
    >
      <div className="seek-track">
        <IdleStretches store={store} durationMs={durationMs} />
        <div className="seek-played" style={{ width: percent(positionMs, durationMs) }} />
        {session.markers.map((marker) => (
          <span
            key={`${marker.offsetMs} ${marker.label}`}
            className="seek-marker"
            style={{ left: percent(marker.offsetMs, durationMs) }}
          />
        ))}
      </div>
      <ActivityStrip activity={session.activityMap} />
      <div className="seek-head" style={{ left: percent(positionMs, durationMs) }} />
      {hoverMs !== undefined && (
        <div className="seek-hover numeric" style={{ left: percent(hoverMs, durationMs) }}>
          <span>{durationMs < 600_000 ? formatOffset(hoverMs) : formatClock(hoverMs)}</span>
        </div>
      )}
    </div>
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
