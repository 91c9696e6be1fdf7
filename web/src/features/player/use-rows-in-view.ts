import { useCallback, useEffect, useState, type RefObject } from 'react'
import { visibleRows } from './visible-rows'

export const rowHeight = 34

/** Which rows of a list with equal rows are to be drawn, and a way to bring one into view. */
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
  const bringIntoView = useCallback(
    (row: number) => {
      const element = list.current
      if (!element) return
      const top = row * rowHeight
      const isInView = top >= element.scrollTop && top + rowHeight <= element.scrollTop + element.clientHeight
      if (!isInView) element.scrollTop = top - element.clientHeight / 3
    },
    [list],
  )
  return { ...visibleRows(view.top, view.height, rowHeight, count), bringIntoView }
}
