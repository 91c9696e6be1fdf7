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
  /** It goes on: at its end playback waits for more. */
  readonly isGrowing: boolean
  /** Playback stays at the end of what goes on. */
  readonly isFollowing: boolean
}

export type PlaybackEvent =
  | { type: 'loaded'; durationMs: number; idles: readonly Idle[]; isGrowing?: boolean }
  | { type: 'failed' }
  | { type: 'play' }
  | { type: 'pause' }
  | { type: 'toggle' }
  | { type: 'seek'; toMs: number }
  /** Opens a moment that was linked to: stands there, paused. */
  | { type: 'open'; atMs: number }
  /** Goes to the end of what goes on, and stays there. */
  | { type: 'follow' }
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
    isGrowing: false,
    isFollowing: false,
  }
}

/** The state after an event. Events that mean nothing in a phase leave it as it is. */
export function step(state: Playback, event: PlaybackEvent): Playback {
  switch (event.type) {
    case 'loaded':
      return load(state, event.durationMs, event.idles, event.isGrowing ?? false)
    case 'failed':
      return { ...state, phase: 'failed' }
    case 'play':
      return play(state)
    case 'pause':
      return state.phase === 'playing' ? { ...state, phase: 'paused', isFollowing: false } : state
    case 'toggle':
      return step(state, { type: state.phase === 'playing' ? 'pause' : 'play' })
    case 'seek':
      return seek(state, event.toMs)
    case 'open':
      return seek(step(state, { type: 'pause' }), event.atMs)
    case 'follow':
      return follow(state)
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

function load(state: Playback, durationMs: number, idles: readonly Idle[], isGrowing: boolean): Playback {
  const isFirst = state.phase === 'loading' || state.phase === 'failed'
  const next: Playback = { ...state, phase: isFirst ? 'paused' : state.phase, durationMs, idles, isGrowing }
  const positionMs = state.isFollowing ? durationMs : clamp(state.positionMs, durationMs)
  // Who followed to the end has seen it.
  if (state.isFollowing && !isGrowing) return { ...next, phase: 'ended', isFollowing: false, positionMs }
  return { ...next, positionMs }
}

function follow(state: Playback): Playback {
  if (!state.isGrowing || state.phase === 'loading' || state.phase === 'failed') return state
  return { ...state, phase: 'playing', isFollowing: true, positionMs: state.durationMs }
}

function play(state: Playback): Playback {
  if (state.phase === 'ended') return { ...state, phase: 'playing', positionMs: 0 }
  if (state.phase !== 'paused') return state
  const atEnd = state.positionMs >= state.durationMs
  if (atEnd && state.isGrowing) return follow(state)
  return { ...state, phase: 'playing', positionMs: atEnd ? 0 : state.positionMs }
}

function seek(state: Playback, toMs: number): Playback {
  const positionMs = clamp(toMs, state.durationMs)
  const phase = state.phase === 'ended' ? 'paused' : state.phase
  const isFollowing = state.isFollowing && positionMs === state.durationMs
  return { ...state, phase, positionMs, isFollowing }
}

function tick(state: Playback, elapsedMs: number): Playback {
  // The position of who follows moves with the end.
  if (state.phase !== 'playing' || state.isFollowing) return state
  return goTo(state, advance(state.positionMs, elapsedMs * state.speed, state.skipsIdle ? state.idles : []))
}

function arrive(state: Playback, atMs: number): Playback {
  if (state.phase !== 'playing') return state
  const idle = state.skipsIdle ? idleAt(state.idles, atMs) : undefined
  return goTo(state, idle?.toMs ?? atMs)
}

function goTo(state: Playback, positionMs: number): Playback {
  if (positionMs >= state.durationMs) {
    if (state.isGrowing) return follow(state)
    return { ...state, phase: 'ended', positionMs: state.durationMs }
  }
  return positionMs === state.positionMs ? state : { ...state, positionMs }
}
