import { useEffect, useState, type RefObject } from 'react'
import { visibleRows } from './visible-rows'

export const rowHeight = 34

/** Which rows of a list with equal rows are to be drawn. */
export function useRowsInView(list: RefObject<HTMLElement | null>, count: number) {
  const [view, setView] = useState({ top: 0, height: 600 })
  useEffect(() => {
    const element = list.current
    if (!element) return
    const update = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(update)
    observer.observe(element)
    element.addEventListener('scroll', update, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', update)
    }
  }, [list])
  return visibleRows(view.top, view.height, rowHeight, count)
}

/** Scrolls a list, and only the list, so that a row can be seen with what follows it. */
export function bringRowIntoView(list: HTMLElement, row: number): void {
  const top = row * rowHeight
  const isInView = top >= list.scrollTop && top + rowHeight <= list.scrollTop + list.clientHeight
  if (!isInView) list.scrollTop = top - list.clientHeight / 3
}
