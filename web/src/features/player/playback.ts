import { advance, clamp, idleAt, type Idle } from './timeline'

/**
 * loading: no recording yet; a position may already be asked for
 * paused:  stands at a position
 * playing: the position moves with time
 * ended:   has played to the end; playing again starts over
 * failed:  the recording could not be had
 */
export type Phase = 'loading' | 'paused' | 'playing' | 'ended' | 'failed'

export type Playback = {
  readonly phase: Phase
  readonly positionMs: number
  readonly durationMs: number
  readonly speed: number
  readonly skipsIdle: boolean
  readonly idles: readonly Idle[]
}

export type PlaybackEvent =
  | { type: 'loaded'; durationMs: number; idles: readonly Idle[] }
  | { type: 'failed' }
  | { type: 'play' }
  | { type: 'pause' }
  | { type: 'toggle' }
  | { type: 'seek'; toMs: number }
  /** Opens a moment that was linked to: stands there, paused. */
  | { type: 'open'; atMs: number }
  /** Time passes. */
  | { type: 'tick'; elapsedMs: number }
  /** What plays by itself has come to a time. */
  | { type: 'arrive'; atMs: number }
  | { type: 'setSpeed'; speed: number }
  | { type: 'setSkipsIdle'; skipsIdle: boolean }

export function startingAt(positionMs: number, durationMs: number): Playback {
  return {
    phase: 'loading',
    positionMs: clamp(positionMs, durationMs),
    durationMs,
    speed: 1,
    skipsIdle: true,
    idles: [],
  }
}

/** The state after an event. Events that mean nothing in a phase leave it as it is. */
export function step(state: Playback, event: PlaybackEvent): Playback {
  switch (event.type) {
    case 'loaded':
      return load(state, event.durationMs, event.idles)
    case 'failed':
      return { ...state, phase: 'failed' }
    case 'play':
      return play(state)
    case 'pause':
      return state.phase === 'playing' ? { ...state, phase: 'paused' } : state
    case 'toggle':
      return step(state, { type: state.phase === 'playing' ? 'pause' : 'play' })
    case 'seek':
      return seek(state, event.toMs)
    case 'open':
      return seek(step(state, { type: 'pause' }), event.atMs)
    case 'tick':
      return tick(state, event.elapsedMs)
    case 'arrive':
      return arrive(state, event.atMs)
    case 'setSpeed':
      return { ...state, speed: event.speed }
    case 'setSkipsIdle':
      return { ...state, skipsIdle: event.skipsIdle }
  }
}

function load(state: Playback, durationMs: number, idles: readonly Idle[]): Playback {
  const phase = state.phase === 'loading' || state.phase === 'failed' ? 'paused' : state.phase
  return { ...state, phase, durationMs, idles, positionMs: clamp(state.positionMs, durationMs) }
}

function play(state: Playback): Playback {
  if (state.phase === 'ended') return { ...state, phase: 'playing', positionMs: 0 }
  if (state.phase !== 'paused') return state
  const atEnd = state.positionMs >= state.durationMs
  return { ...state, phase: 'playing', positionMs: atEnd ? 0 : state.positionMs }
}

function seek(state: Playback, toMs: number): Playback {
  const positionMs = clamp(toMs, state.durationMs)
  return { ...state, phase: state.phase === 'ended' ? 'paused' : state.phase, positionMs }
}

function tick(state: Playback, elapsedMs: number): Playback {
  if (state.phase !== 'playing') return state
  return goTo(state, advance(state.positionMs, elapsedMs * state.speed, state.skipsIdle ? state.idles : []))
}

function arrive(state: Playback, atMs: number): Playback {
  if (state.phase !== 'playing') return state
  const idle = state.skipsIdle ? idleAt(state.idles, atMs) : undefined
  return goTo(state, idle?.toMs ?? atMs)
}

function goTo(state: Playback, positionMs: number): Playback {
  if (positionMs >= state.durationMs) return { ...state, phase: 'ended', positionMs: state.durationMs }
  return positionMs === state.positionMs ? state : { ...state, positionMs }
}
