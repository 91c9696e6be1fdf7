import { useSyncExternalStore } from 'react'

/**
 * Why the reader of this page looks at the session that it shows, and why they want to see what is hidden in it. It is
 * said with all that is asked, until the page is left.
 */
export type Looking = { readonly reason?: string; readonly reveal?: string }

let looking: Looking = {}
/** What the page shows itself to be: behind what is said until what was asked so is there. */
let shown: Looking = looking
const changed = new EventTarget()

export const readLooking = (): Looking => looking

/** From now on it is said; the page goes by it once it is told. */
export function sayLooking(next: Looking): void {
  looking = next
}

/** The page goes by what is said. */
export function tellLooking(): void {
  shown = looking
  changed.dispatchEvent(new Event('change'))
}

export function setLooking(next: Looking): void {
  sayLooking(next)
  tellLooking()
}

export function useLooking(): Looking {
  return useSyncExternalStore(subscribe, () => shown)
}

function subscribe(onChange: () => void): () => void {
  changed.addEventListener('change', onChange)
  return () => changed.removeEventListener('change', onChange)
}

/** Headers are ASCII: the server takes the rest percent-encoded. */
export function lookingHeaders(): Record<string, string> {
  const { reason, reveal } = looking
  return {
    ...(reason && { 'Retrace-Reason': encodeURIComponent(reason) }),
    ...(reveal && { 'Retrace-Reveal': encodeURIComponent(reveal) }),
  }
}

/** Videos, pictures and links to files can send no header: of those the address says it. */
export function revealedUrl(url: string): string {
  const { reveal } = looking
  return reveal ? `${url}${url.includes('?') ? '&' : '?'}reveal=${encodeURIComponent(reveal)}` : url
}

/** The same of every address in an answer. */
export function revealedUrls<T>(answer: T): T {
  if (!looking.reveal) return answer
  const turn = (value: unknown, key?: string): unknown => {
    if (typeof value === 'string') return key && /url$/i.test(key) ? revealedUrl(value) : value
    if (Array.isArray(value)) return value.map((each) => turn(each))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, turn(of, name)]))
  }
  return turn(answer) as T
}
