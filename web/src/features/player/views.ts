import type { PlayerView } from '../../lib/paths'
import type { Media } from '../video/use-media'

/** The ways in which a session can be shown, the one that opens first. */
export function viewsOf(hasTerminal: boolean, media: Media | undefined): PlayerView[] {
  const terminal: PlayerView[] = hasTerminal ? ['terminal', 'text'] : []
  if (!media || !hasFootage(media)) return terminal
  return playsNow(media) ? ['video', ...terminal] : [...terminal, 'video']
}

/** Also footage that cannot be played yet: the place of the video tells why, and what can be done. */
const hasFootage = (media: Media) => playsNow(media) || media.products.length > 0 || media.problems.length > 0

const playsNow = (media: Media) =>
  media.video !== null || media.products.some(({ kind, url }) => kind === 'MP4' && url !== null)
