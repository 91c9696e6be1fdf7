import { useMemo } from 'react'
import { useLooking } from '../../lib/looking'
import type { PlayedSession } from '../player/use-session'
import type { Redaction } from '../redaction/hidden'
import { hiddenPictures } from './parts'
import { useThumbnails, type Media, type Sheet } from './use-media'

/** Where the picture of a session is hidden from whoever looks at this page. */
export function useHiddenPictures({ redactions }: PlayedSession): Redaction[] {
  const { reveal } = useLooking()
  return useMemo(() => hiddenPictures(redactions, reveal !== undefined), [redactions, reveal])
}

const none: readonly Sheet[] = []

/** The thumbnails that may be seen: sheets hold many pictures, and are not given where one of them is hidden. */
export function useShownThumbnails(session: PlayedSession, media: Media): readonly Sheet[] {
  const isHidden = useHiddenPictures(session).length > 0
  const sheets = useThumbnails(session.id, media)
  return isHidden ? none : sheets
}
