import { useState } from 'react'
import { useDebounced } from '../../lib/use-debounced'
import { complete, fittingSuggestions, type Place, type Suggestion } from './completion'
import { useSuggestions } from './use-search'

const delayMs = 80

/** The suggestions for what is being typed. They come with typing, and go with a choice, Escape or the focus. */
export function useCompletion(onChoose: (place: Place) => void) {
  const [typed, setTyped] = useState<Place>()
  const [active, setActive] = useState(-1)
  const before = typed ? typed.text.slice(0, typed.cursor) : ''
  const asked = useDebounced(before, delayMs)
  const suggested = useSuggestions(asked, typed !== undefined && asked.trim() !== '')
  const options = typed && suggested ? fittingSuggestions(suggested, before) : []

  const type = (place: Place | undefined) => {
    setTyped(place)
    setActive(-1)
  }
  const choose = (option: Suggestion | undefined) => {
    if (!typed || !option) return
    const place = complete(typed, option)
    type(place)
    onChoose(place)
  }
  return {
    options,
    active: active < options.length ? active : -1,
    type,
    close: () => type(undefined),
    choose,
    /** From no suggestion to the first, and from the last back to none. */
    move: (by: 1 | -1) => setActive(((active + 1 + by + options.length + 1) % (options.length + 1)) - 1),
  }
}
