import { useCallback, useEffect, useState, type RefObject } from 'react'
import { Turns } from './turns'

/** A browser has six connections to a server that it shares with searching: pictures take some of them. */
const turns = new Turns(3)

/**
 * The picture at an address, which is asked for while `isWanted`. What is not there yet when it is not wanted any more is
 * given up; the last one that came stays until another has.
 */
export function useHitPicture(url: string, isWanted: boolean) {
  const [shown, setShown] = useState<string>()
  const [failed, setFailed] = useState<readonly string[]>([])
  const hasFailed = failed.includes(url)
  const isNeeded = isWanted && url !== shown && !hasFailed
  const hasTurn = useTurn(url, isNeeded)
  const asked = isNeeded && hasTurn ? url : undefined
  return {
    asked,
    shown: hasFailed ? undefined : shown,
    state: hasFailed ? 'failed' : shown === url ? 'shown' : 'waiting',
    onLoad: useCallback(() => setShown(url), [url]),
    onError: useCallback(() => setFailed((known) => [...known, url]), [url]),
  } as const
}

/** Whether it is the turn of a picture. */
function useTurn(url: string, isNeeded: boolean): boolean {
  const [turnOf, setTurnOf] = useState<string>()
  useEffect(() => {
    if (!isNeeded) return
    const giveBack = turns.take(() => setTurnOf(url))
    return () => {
      giveBack()
      setTurnOf(undefined)
    }
  }, [url, isNeeded])
  return turnOf === url
}

/** Whether an element is in view, or nearly. What is not drawn at all never is. */
export function useIsInView(element: RefObject<Element | null>): boolean {
  const [isInView, setInView] = useState(false)
  useEffect(() => {
    if (!element.current) return
    const observer = new IntersectionObserver(
      (entries) => setInView(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: '80px' },
    )
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [element])
  return isInView
}
