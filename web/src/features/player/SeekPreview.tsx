import type { PlayerView } from '../../lib/paths'
import { formatClock, formatOffset } from '../../lib/time'
import { useDebounced } from '../../lib/use-debounced'
import { Thumbnail } from '../video/Thumbnail'
import { tileAt } from '../video/thumbnails'
import type { Sheet } from '../video/use-media'
import { percent } from './timeline'
import { useScreen, type PlayedSession } from './use-session'

type Props = {
  session: PlayedSession
  atMs: number
  barWidth: number
  durationMs: number
  shows: PlayerView
  thumbnails: readonly Sheet[]
  /** What is said about the place. */
  label: string | undefined
}

const pictureWidth = 160
const screenWidth = 260
/** A screen is asked for where the pointer rests, not for each place that it passes. */
const restMs = 90

/** What is to be seen at the time under the pointer. */
export function SeekPreview({ session, atMs, barWidth, durationMs, shows, thumbnails, label }: Props) {
  const tile = shows === 'video' ? tileAt(thumbnails, atMs) : undefined
  const isTerminal = shows !== 'video' && session.asciicastUrl !== null
  const at = percent(atMs, durationMs)
  const width = Math.min(isTerminal ? screenWidth : pictureWidth, barWidth / 2)
  const half = width / 2
  return (
    <>
      <div className="seek-hover" style={{ left: at }} />
      <div
        className="seek-preview numeric"
        // A picture is not cut off at the ends of the bar.
        style={{ left: tile || isTerminal || label ? `clamp(${half}px, ${at}, 100% - ${half}px)` : at, maxWidth: width }}
      >
        {tile && <Thumbnail tile={tile} width={width} />}
        {isTerminal && <SmallScreen session={session} atMs={atMs} width={width} />}
        {label && <span className="seek-label">{label}</span>}
        <span className="seek-time">{durationMs < 600_000 ? formatOffset(atMs) : formatClock(atMs)}</span>
      </div>
    </>
  )
}

/** Of a letter of the font, as wide as it is high. */
const letterEm = 0.602
const lineEm = 1.2

/** The text of a terminal's screen, small. It keeps its place while another is asked for. */
function SmallScreen({ session, atMs, width }: { session: PlayedSession; atMs: number; width: number }) {
  const rested = useDebounced(atMs, restMs)
  const { data } = useScreen(session.id, rested, true)
  const { columns, rows } = session.terminal ?? { columns: 80, rows: 24 }
  const fontSize = width / (columns * letterEm + 2)
  return (
    <pre
      className="small-screen"
      aria-hidden="true"
      data-at-ms={data ? rested : undefined}
      style={{ width, height: (rows * lineEm + 2) * fontSize, fontSize }}
    >
      {data?.lines.join('\n')}
    </pre>
  )
}
