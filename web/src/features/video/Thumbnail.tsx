import type { Tile } from './thumbnails'

/** A picture out of a sheet, `width` pixels wide. What it shows is said beside it. */
export function Thumbnail({ tile, width }: { tile: Tile; width: number }) {
  const { sheet, x, y, atMs } = tile
  const scale = width / Math.max(1, sheet.tileWidth)
  return (
    <span
      className="thumbnail"
      aria-hidden="true"
      data-at-ms={atMs}
      style={{
        width,
        height: sheet.tileHeight * scale,
        backgroundImage: `url("${encodeURI(sheet.url)}")`,
        backgroundSize: `${sheet.columns * sheet.tileWidth * scale}px auto`,
        backgroundPosition: `${-x * scale}px ${-y * scale}px`,
      }}
    />
  )
}
