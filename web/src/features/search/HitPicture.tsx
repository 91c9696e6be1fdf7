import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import { paths } from '../../lib/paths'
import { formatOffset } from '../../lib/time'
import { Icon } from '../../ui/Icon'
import { useHitPicture, useIsInView } from './use-hit-picture'
import type { SessionMatch } from './use-search'

/** Twice as wide as it is drawn, for screens with small pixels. */
const askedWidth = 448

type Props = {
  session: SessionMatch['session']
  name: string
  offsetMs: number
  /** Whether somebody has stopped typing. */
  isSettled: boolean
}

/**
 * The screen at the moment of a hit, small. It is asked for once it is in view, as that is a look; what the server does
 * not show to this viewer, or has no picture of, is an empty frame of the same size.
 */
export function HitPicture({ session, name, offsetMs, isSettled }: Props) {
  const frame = useRef<HTMLAnchorElement>(null)
  const of = session.asciicastUrl ? 'terminal' : 'video'
  const url = paths.still(session.id, of, offsetMs, askedWidth)
  const isInView = useIsInView(frame)
  const { asked, shown, state, onLoad, onError } = useHitPicture(url, isSettled && isInView)
  const alt = `Screen of ${name} at ${formatOffset(offsetMs)}`
  return (
    <Link
      ref={frame}
      to="/sessions/$id"
      params={{ id: session.id }}
      search={{ t: offsetMs }}
      className="hit-picture"
      data-state={state}
      // The hit beside it leads to the same moment.
      tabIndex={-1}
      aria-label={state === 'failed' ? `No picture: ${alt}` : alt}
    >
      <Icon name="system" />
      {[shown, asked].map(
        (src) =>
          src !== undefined && (
            <img
              key={src}
              src={src}
              alt={src === url ? alt : ''}
              width={224}
              height={140}
              className={src === shown ? undefined : 'is-coming'}
              decoding="async"
              draggable={false}
              onLoad={src === url ? onLoad : undefined}
              onError={src === url ? onError : undefined}
            />
          ),
      )}
      <span className="hit-picture-time numeric" aria-hidden="true">
        {formatOffset(offsetMs)}
      </span>
    </Link>
  )
}
