import { useEffect } from 'react'
import { isForControl, isForField } from '../../lib/keyboard'
import type { PlaybackStore } from './playback-store'
import { shortcutFor } from './shortcuts'

const isPlain = (event: KeyboardEvent) =>
  !isForField(event) && !isForControl(event) && document.querySelector('dialog[open]') === null

export function useShortcuts(store: PlaybackStore, eventTimes: readonly number[], onHelp: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!isPlain(event)) return
      if (event.target instanceof Element && event.target.closest('[role=slider]') && isSliderKey(event.key)) return
      if (event.key === '?') {
        event.preventDefault()
        event.stopPropagation()
        onHelp()
        return
      }
      const shortcut = shortcutFor(event.key)
      if (!shortcut) return
      event.preventDefault()
      // The terminal has shortcuts of its own, which would open a second help.
      event.stopPropagation()
      const playbackEvent = shortcut.event(store.get(), eventTimes)
      if (playbackEvent) store.send(playbackEvent)
    }
    window.addEventListener('keydown', onKeyDown, { capture: true })
    return () => window.removeEventListener('keydown', onKeyDown, { capture: true })
  }, [store, eventTimes, onHelp])
}

const isSliderKey = (key: string) => key.startsWith('Arrow') || key === 'Home' || key === 'End'
