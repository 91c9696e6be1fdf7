/** The rows of a long list to draw: those in view and some around them. */
export function visibleRows(
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
  around = 8,
): { first: number; end: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - around)
  const end = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + around)
  return { first: Math.min(first, end), end }
}
