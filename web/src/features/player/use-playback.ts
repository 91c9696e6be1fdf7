import { useCallback, useState, useSyncExternalStore } from 'react'
import { startingAt, type Playback } from './playback'
import { PlaybackStore } from './playback-store'

/** The playback of one recording; `key` the component by session, so that another session starts anew. */
export function usePlayback(startMs: number, durationMs: number): PlaybackStore {
  const [store] = useState(() => new PlaybackStore(startingAt(startMs, durationMs)))
  return store
}

/** One value of the playback. The component is drawn again only when that value changes. */
export function usePlaybackValue<T>(store: PlaybackStore, select: (playback: Playback) => T): T {
  const read = useCallback(() => select(store.get()), [store, select])
  return useSyncExternalStore(store.subscribe, read)
}

export const selectPosition = (playback: Playback) => Math.floor(playback.positionMs)
export const selectPhase = (playback: Playback) => playback.phase
export const selectDuration = (playback: Playback) => playback.durationMs
export const selectIsFollowing = (playback: Playback) => playback.isFollowing
export const selectSpeed = (playback: Playback) => playback.speed
export const selectSkipsIdle = (playback: Playback) => playback.skipsIdle
export const selectIdles = (playback: Playback) => playback.idles
/** The position while it stands still; undefined while it moves. */
export const selectRest = (playback: Playback) =>
  playback.phase === 'playing' ? undefined : Math.floor(playback.positionMs)
