import { indexAt } from '../player/timeline'
import type { Sheet } from './use-media'

/** One small picture: the part of a sheet that begins `x`, `y` pixels from its corner. */
export type Tile = { sheet: Sheet; index: number; atMs: number; x: number; y: number }

/** The picture that is on the screen at a time: the last one at or before it, else the first. */
export function tileAt(sheets: readonly Sheet[], atMs: number): Tile | undefined {
  const sheet = sheets.findLast(({ timesMs }) => (timesMs[0] ?? Infinity) <= atMs) ?? firstFilled(sheets)
  return sheet && tileOf(sheet, Math.max(0, indexAt(sheet.timesMs, atMs)))
}

/** The picture whose time is nearest. */
export function nearestTile(sheets: readonly Sheet[], atMs: number): Tile | undefined {
  const before = tileAt(sheets, atMs)
  const after = nextTile(sheets, atMs)
  if (!before || !after) return before ?? after
  return after.atMs - atMs < Math.abs(atMs - before.atMs) ? after : before
}

function nextTile(sheets: readonly Sheet[], atMs: number): Tile | undefined {
  const sheet = sheets.find(({ timesMs }) => (timesMs.at(-1) ?? -Infinity) > atMs)
  return sheet && tileOf(sheet, indexAt(sheet.timesMs, atMs) + 1)
}

const firstFilled = (sheets: readonly Sheet[]) => sheets.find(({ timesMs }) => timesMs.length > 0)

function tileOf(sheet: Sheet, index: number): Tile {
  const columns = Math.max(1, sheet.columns)
  return {
    sheet,
    index,
    atMs: sheet.timesMs[index] ?? 0,
    x: (index % columns) * sheet.tileWidth,
    y: Math.floor(index / columns) * sheet.tileHeight,
  }
}
