import type { KeyboardEvent } from 'react'

const hitSelector = '[data-hit]'

/** Up and down walk from the search box through the hits and back; Enter is the link's own. */
export function walkHits(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  // The box has used the key for its suggestions.
  if (event.defaultPrevented || event.target instanceof HTMLSelectElement) return
  const root = event.currentTarget
  const box = root.querySelector<HTMLElement>('[data-search-box]')
  const stops = [box, ...root.querySelectorAll<HTMLElement>(hitSelector)].filter((stop) => stop !== null)
  const at = stops.indexOf(document.activeElement as HTMLElement)
  const next = stops[at + (event.key === 'ArrowDown' ? 1 : -1)]
  if (at === -1 || !next) return
  event.preventDefault()
  next.focus()
  next.scrollIntoView({ block: 'nearest' })
}
