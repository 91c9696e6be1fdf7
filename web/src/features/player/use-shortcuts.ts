import { useEffect, useEffectEvent } from 'react'
import { isForControl, isForField } from '../../lib/keyboard'
import type { PlaybackStore } from './playback-store'
import { shortcutFor, type Action } from './shortcuts'
import type { Steps } from './steps'

const isPlain = (event: KeyboardEvent) =>
  !isForField(event) && !isForControl(event) && document.querySelector('dialog[open]') === null

/** Whether the action was taken: a key that does nothing here is left to the browser. */
export type Act = (action: Action) => boolean

export function useShortcuts(store: PlaybackStore, steps: Steps, act: Act): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    if (!isPlain(event)) return
    if (event.target instanceof Element && event.target.closest('[role=slider]') && isSliderKey(event.key)) return
    // A list that has the focus is scrolled by its own keys.
    if (event.target instanceof Element && event.target.closest('.moment-list, .transcript') && isListKey(event.key)) return
    const shortcut = shortcutFor(event.key)
    if (!shortcut || ('action' in shortcut && !act(shortcut.action))) return
    event.preventDefault()
    // The terminal has shortcuts of its own, which would open a second help.
    event.stopPropagation()
    const playbackEvent = 'event' in shortcut ? shortcut.event(store.get(), steps) : undefined
    if (playbackEvent) store.send(playbackEvent)
  })
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKeyDown(event)
    window.addEventListener('keydown', listener, { capture: true })
    return () => window.removeEventListener('keydown', listener, { capture: true })
  }, [])
}

const isListKey = (key: string) => key === 'Home' || key === 'End'
const isSliderKey = (key: string) => key.startsWith('Arrow') || key === 'Home' || key === 'End'
