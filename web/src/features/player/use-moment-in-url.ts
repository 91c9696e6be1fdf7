import { useEffect, useEffectEvent, useRef } from 'react'
import type { PlaybackStore } from './playback-store'
import { selectRest, usePlaybackValue } from './use-playback'

const settleMs = 200

/**
 * Keeps `t` of the URL and the playback together: where playback comes to rest is written to the URL, and a URL
 * changed from elsewhere (back, a link) opens that moment.
 */
export function useMomentInUrl(store: PlaybackStore, t: number | undefined, write: (t: number) => void): void {
  const rest = usePlaybackValue(store, selectRest)
  const written = useRef(t)
  const onWrite = useEffectEvent(write)

  useEffect(() => {
    if (t === written.current) return
    written.current = t
    // Of a session that goes on, no moment is the one that is now.
    const isLive = t === undefined && store.get().isGrowing
    store.send(isLive ? { type: 'follow' } : { type: 'open', atMs: t ?? 0 })
  }, [store, t])

  useEffect(() => {
    if (rest === undefined || rest === (written.current ?? 0)) return
    const timer = setTimeout(() => {
      written.current = rest
      onWrite(rest)
    }, settleMs)
    return () => clearTimeout(timer)
  }, [rest])
}
