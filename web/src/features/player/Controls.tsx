import type { ReactNode } from 'react'
import type { PlayerView } from '../../lib/paths'
import { formatInstant, formatLocalClock, formatOffset } from '../../lib/time'
import { CopyButton } from '../../ui/CopyButton'
import { Icon, type IconName } from '../../ui/Icon'
import { TakeAway } from '../take-away/TakeAway'
import { useIsFullscreen } from './fullscreen'
import type { Phase } from './playback'
import type { PlaybackStore } from './playback-store'
import type { Action } from './shortcuts'
import type { Steps } from './steps'
import { speeds } from './timeline'
import {
  selectDuration,
  selectPhase,
  selectPosition,
  selectSkipsIdle,
  selectSpeed,
  usePlaybackValue,
} from './use-playback'
import type { PlayedSession } from './use-session'

type Props = {
  session: PlayedSession
  store: PlaybackStore
  steps: Steps
  shows: PlayerView
  linkAt: (atMs: number) => string
  act: (action: Action) => boolean
  mayMark: boolean
  extra?: ReactNode
}

const playLooks: Record<Phase, { icon: 'play' | 'pause' | 'replay'; label: string }> = {
  loading: { icon: 'play', label: 'Play' },
  failed: { icon: 'play', label: 'Play' },
  paused: { icon: 'play', label: 'Play' },
  playing: { icon: 'pause', label: 'Pause' },
  ended: { icon: 'replay', label: 'Play again' },
}

export function Controls({ session, store, steps, shows, linkAt, act, mayMark, extra }: Props) {
  const phase = usePlaybackValue(store, selectPhase)
  const isFullscreen = useIsFullscreen()
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
        <IconButton
          icon="previous"
          label={`Previous ${steps.unit}`}
          hint=","
          disabled={!isReady}
          onClick={() => open(steps.previous(store.get().positionMs))}
        />
        <IconButton
          icon="next"
          label={`Next ${steps.unit}`}
          hint="."
          disabled={!isReady}
          onClick={() => open(steps.next(store.get().positionMs))}
        />
        <Times store={store} startedAt={session.startedAt} />
      </div>
      <div className="controls-group controls-right">
        {extra}
        <SpeedSelect store={store} />
        <SkipIdle store={store} />
        {mayMark && <IconButton icon="comment" label="Comment at this moment" hint="M" onClick={() => act('mark')} />}
        <CopyButton
          label="Copy link"
          icon="link"
          className="button-quiet copy-link"
          text={() => linkAt(Math.floor(store.get().positionMs))}
        />
        <TakeAway session={session} store={store} shows={shows} onClip={() => act('clip')} />
        <IconButton
          icon={isFullscreen ? 'shrink' : 'expand'}
          label={isFullscreen ? 'Leave full screen' : 'Full screen'}
          hint="F"
          onClick={() => act('fullscreen')}
        />
        <IconButton icon="help" label="Keyboard shortcuts" hint="?" onClick={() => act('help')} />
      </div>
    </div>
  )
}

type IconButtonProps = { icon: IconName; label: string; hint: string; disabled?: boolean; onClick: () => void }

function IconButton({ icon, label, hint, disabled, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      className="button button-quiet button-icon"
      aria-label={label}
      title={`${label} (${hint})`}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
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
      <span className="times-instant" title={formatInstant(startedAt, positionMs)}>
        {formatLocalClock(startedAt, positionMs)}
      </span>
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
