import { useSyncExternalStore } from 'react'

/** Shows an element alone on the whole screen, or ends that. Whether there was something to do. */
export function toggleFullscreen(element: Element | null | undefined): boolean {
  if (document.fullscreenElement) {
    void document.exitFullscreen()
    return true
  }
  if (!element?.requestFullscreen) return false
  // A browser may refuse; then everything stays as it is.
  element.requestFullscreen().catch(() => {})
  return true
}

export function useIsFullscreen(): boolean {
  return useSyncExternalStore(subscribe, () => document.fullscreenElement != null)
}

function subscribe(onChange: () => void): () => void {
  document.addEventListener('fullscreenchange', onChange)
  return () => document.removeEventListener('fullscreenchange', onChange)
}
