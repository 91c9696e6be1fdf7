import { useCallback, useEffect, useMemo, useState } from 'react'
import { Deck } from '../player/Deck'
import { framesOf } from '../player/steps'
import type { PlaybackStore } from '../player/playback-store'
import type { PlayedSession } from '../player/use-session'
import { HiddenNote } from '../redaction/HiddenNote'
import { LiveButton } from './LiveButton'
import { Processing } from './Processing'
import { isUnderWay, productOf, skippedIdles, sourceOf } from './source'
import { useThumbnails, type Media } from './use-media'
import { Unplayable } from './Unplayable'
import { VideoStage } from './VideoStage'

type Props = { session: PlayedSession; media: Media; store: PlaybackStore; view: 'video' | undefined }

const noTimes: readonly number[] = []
const canPlayType = (mediaType: string) => document.createElement('video').canPlayType(mediaType)

export function VideoPlayer({ session, media, store, view }: Props) {
  const [refused, setRefused] = useState<readonly string[]>([])
  const [isShown, setIsShown] = useState(false)
  const onShown = useCallback(() => setIsShown(true), [])
  const onRefused = useCallback((file: string) => setRefused((files) => [...files, file]), [])
  const source = useSource(media, session.durationMs, refused)
  const thumbnails = useThumbnails(session.id, media)
  const steps = useMemo(() => framesOf(media.clips), [media.clips])
  const isLive = session.state === 'ACTIVE'
  const pictures = productOf(media, 'VIDEO')
  // Of a session that goes on there is only what has come so far.
  const durationMs = source?.isGrowing ? source.endMs : Math.max(session.durationMs, source?.endMs ?? 0)

  useEffect(() => {
    if (!source) store.send({ type: 'failed' })
    else if (isShown) store.send({ type: 'loaded', durationMs, idles: skippedIdles(session.idleStretches, media) })
  }, [source, isShown, durationMs, session.idleStretches, media, store])

  return (
    <>
      {source ? (
        <VideoStage
          source={source}
          size={media.video ?? media.clips[0] ?? { width: 4, height: 3 }}
          clips={media.clips}
          store={store}
          note={<HiddenNote session={session} store={store} />}
          onShown={onShown}
          onRefused={onRefused}
        />
      ) : (
        <Unplayable sessionId={session.id} media={media} isLive={isLive} />
      )}
      {source && (isUnderWay(pictures) || pictures?.state === 'FAILED') && (
        <Processing sessionId={session.id} kind="VIDEO" product={pictures} isLive={isLive} ask="Make the video" />
      )}
      <Deck
        session={session}
        store={store}
        eventTimes={noTimes}
        steps={steps}
        thumbnails={thumbnails}
        clips={media.clips}
        shows="video"
        view={view}
        extra={source?.isGrowing && isLive ? <LiveButton store={store} endMs={source.endMs} /> : undefined}
      />
    </>
  )
}

/** The same object for as long as the same file plays: each answer brings new ones. */
function useSource(media: Media, durationMs: number, refused: readonly string[]) {
  const found = sourceOf(media, durationMs, canPlayType, refused)
  const [source, setSource] = useState(found)
  if (JSON.stringify(found) !== JSON.stringify(source)) {
    setSource(found)
    return found
  }
  return source
}
