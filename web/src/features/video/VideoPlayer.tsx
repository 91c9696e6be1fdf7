import { useCallback, useEffect, useMemo, useState } from 'react'
import { EmptyNote } from '../../ui/notes'
import { Deck } from '../player/Deck'
import { framesOf } from '../player/steps'
import type { Playback } from '../player/playback'
import type { PlaybackStore } from '../player/playback-store'
import { usePlaybackValue } from '../player/use-playback'
import type { PlayedSession } from '../player/use-session'
import { hiddenName } from '../redaction/hidden'
import { HiddenNote } from '../redaction/HiddenNote'
import { Processing } from './Processing'
import { partAt, partsOf } from './parts'
import { isUnderWay, productOf, skippedIdles, sourceOf } from './source'
import { useHiddenPictures, useShownThumbnails } from './use-hidden-pictures'
import type { Media } from './use-media'
import { Unplayable } from './Unplayable'
import { VideoLiveStatus } from './VideoLiveStatus'
import { VideoStage } from './VideoStage'

type Props = { session: PlayedSession; media: Media; store: PlaybackStore; view: 'video' | undefined }

const noTimes: readonly number[] = []
const canPlayType = (mediaType: string) => document.createElement('video').canPlayType(mediaType)

export function VideoPlayer({ session, media, store, view }: Props) {
  const [refused, setRefused] = useState<readonly string[]>([])
  const [isShown, setIsShown] = useState(false)
  const onShown = useCallback(() => setIsShown(true), [])
  const onRefused = useCallback((file: string) => setRefused((files) => [...files, file]), [])
  const whole = useSource(media, session.durationMs, refused)
  const hidden = useHiddenPictures(session)
  const parts = useMemo(
    () => (whole ? partsOf(whole, hidden, media.keyframesMs) : []),
    // oxlint-disable-next-line react/exhaustive-deps -- Each answer brings new ones of the same file.
    [whole, hidden],
  )
  const source = usePlaybackValue(
    store,
    useCallback(({ positionMs }: Playback) => partAt(parts, positionMs), [parts]),
  )
  const thumbnails = useShownThumbnails(session, media)
  const steps = useMemo(() => framesOf(media.clips), [media.clips])
  const isLive = session.state === 'ACTIVE'
  const pictures = productOf(media, 'VIDEO')
  // Of a session that goes on there is only what has come so far.
  const durationMs = whole?.isGrowing ? whole.endMs : Math.max(session.durationMs, whole?.endMs ?? 0)

  useEffect(() => {
    if (!whole) store.send({ type: 'failed' })
    else if (isShown || !source) store.send({ type: 'loaded', durationMs, idles: skippedIdles(session.idleStretches, media) })
  }, [whole, source, isShown, durationMs, session.idleStretches, media, store])

  return (
    <>
      {whole && source ? (
        <VideoStage
          source={source}
          whole={whole}
          size={media.video ?? media.clips[0] ?? { width: 4, height: 3 }}
          clips={media.clips}
          store={store}
          note={<HiddenNote session={session} store={store} />}
          onShown={onShown}
          onRefused={onRefused}
        />
      ) : whole ? (
        <EmptyNote title="The picture of this session is hidden.">
          <span>{hidden.map(hiddenName).join(', ')}</span>
        </EmptyNote>
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
        extra={
          source?.isGrowing &&
          isLive && <VideoLiveStatus startedAt={session.startedAt} store={store} endMs={source.endMs} />
        }
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
