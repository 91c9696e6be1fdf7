import type { ReactNode } from 'react'
import { formatInstant, formatOffset } from '../../lib/time'
import { CopyButton } from '../../ui/CopyButton'
import { Icon } from '../../ui/Icon'
import type { Phase } from './playback'
import type { PlaybackStore } from './playback-store'
import { nextTime, previousTime, speeds } from './timeline'
import {
  selectDuration,
  selectPhase,
  selectPosition,
  selectSkipsIdle,
  selectSpeed,
  usePlaybackValue,
} from './use-playback'

type Props = {
  store: PlaybackStore
  startedAt: string
  eventTimes: readonly number[]
  linkAt: (atMs: number) => string
  onHelp: () => void
  extra?: ReactNode
}

const playLooks: Record<Phase, { icon: 'play' | 'pause' | 'replay'; label: string }> = {
  loading: { icon: 'play', label: 'Play' },
  failed: { icon: 'play', label: 'Play' },
  paused: { icon: 'play', label: 'Play' },
  playing: { icon: 'pause', label: 'Pause' },
  ended: { icon: 'replay', label: 'Play again' },
}

export function Controls({ store, startedAt, eventTimes, linkAt, onHelp, extra }: Props) {
  const phase = usePlaybackValue(store, selectPhase)
  const isReady = phase !== 'loading' && phase !== 'failed'
  const { icon, label } = playLooks[phase]
  const open = (atMs: number | undefined) => atMs !== undefined && store.send({ type: 'open', atMs })
  return (
    <div className="controls">
      <div className="controls-group">
        <button
          type="button"
          className="button button-primary button-icon play-button"
          aria-label={label}
          title={`${label} (Space)`}
          disabled={!isReady}
          onClick={() => store.send({ type: 'toggle' })}
        >
          <Icon name={icon} />
        </button>
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label="Previous event"
          title="Previous event (,)"
          disabled={!isReady}
          onClick={() => open(previousTime(eventTimes, store.get().positionMs))}
        >
          <Icon name="previous" />
        </button>
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label="Next event"
          title="Next event (.)"
          disabled={!isReady}
          onClick={() => open(nextTime(eventTimes, store.get().positionMs))}
        >
          <Icon name="next" />
        </button>
        <Times store={store} startedAt={startedAt} />
      </div>
      <div className="controls-group controls-right">
        {extra}
        <SpeedSelect store={store} />
        <SkipIdle store={store} />
        <CopyButton
          label="Copy link"
          icon="link"
          className="button-quiet"
          text={() => linkAt(Math.floor(store.get().positionMs))}
        />
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={onHelp}
        >
          <Icon name="help" />
        </button>
      </div>
    </div>
  )
}

function Times({ store, startedAt }: { store: PlaybackStore; startedAt: string }) {
  const positionMs = usePlaybackValue(store, selectPosition)
  const durationMs = usePlaybackValue(store, selectDuration)
  return (
    <div className="times numeric">
      <span className="times-offset">
        <span data-testid="position">{formatOffset(positionMs)}</span>
        <span className="times-duration"> / {formatOffset(durationMs)}</span>
      </span>
      <span className="times-instant">{formatInstant(startedAt, positionMs)}</span>
    </div>
  )
}

function SpeedSelect({ store }: { store: PlaybackStore }) {
  const speed = usePlaybackValue(store, selectSpeed)
  return (
    <label className="speed">
      <span className="visually-hidden">Speed</span>
      <select
        className="input"
        value={speed}
        title="Speed ([ and ])"
        onChange={(event) => store.send({ type: 'setSpeed', speed: Number(event.target.value) })}
      >
        {speeds.map((s) => (
          <option key={s} value={s}>
            {s}×
          </option>
        ))}
      </select>
    </label>
  )
}

function SkipIdle({ store }: { store: PlaybackStore }) {
  const skipsIdle = usePlaybackValue(store, selectSkipsIdle)
  return (
    <label className="skip-idle" title="Jump over stretches in which nothing happens (I)">
      <input
        type="checkbox"
        checked={skipsIdle}
        onChange={(event) => store.send({ type: 'setSkipsIdle', skipsIdle: event.target.checked })}
      />
      Skip idle
    </label>
  )
}
