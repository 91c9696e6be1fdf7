import { useEffect, useRef, useState, type ReactNode } from 'react'
import { probeFile } from '../../lib/api'
import { formatClock } from '../../lib/time'
import { toApiError } from '../../lib/errors'
import { ErrorNote } from '../../ui/notes'
import type { PlaybackStore } from '../player/playback-store'
import type { Playback } from '../player/playback'
import { selectPhase, usePlaybackValue } from '../player/use-playback'
import { fileOf, footingAt, type Source } from './source'
import type { Clip } from './use-media'
import { VideoDriver } from './video-driver'

type Props = {
  /** The file that plays now. */
  source: Source
  /** All of the footage, of which it may be a part. */
  whole: Source
  size: { width: number; height: number }
  clips: readonly Clip[]
  store: PlaybackStore
  /** What lies over the picture. */
  note?: ReactNode
  onShown: () => void
  /** The file is there, and the browser cannot play it. */
  onRefused: (file: string) => void
}

export function VideoStage({ source, whole, size, clips, store, note, onShown, onRefused }: Props) {
  const video = useRef<HTMLVideoElement>(null)
  const still = useRef<HTMLCanvasElement>(null)
  const [error, setError] = useState<Error>()
  const { isBusy, reload } = useVideo(video, still, { source, store, onShown, onRefused, onError: setError })
  const phase = usePlaybackValue(store, selectPhase)
  const retry = () => {
    setError(undefined)
    reload()
  }
  return (
    <>
      <div
        className="stage stage-footage"
        style={{ aspectRatio: `${size.width} / ${size.height}` }}
        data-phase={phase}
        data-busy={isBusy}
        data-testid="stage"
      >
        {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- Recordings of screens have no sound. */}
        <video ref={video} muted playsInline preload="auto" aria-label="Recorded screen" data-testid="video" />
        <canvas ref={still} hidden />
        <FootingNote source={whole} clips={clips} store={store} />
        {note}
        <div className="stage-spinner" aria-hidden="true" />
      </div>
      {error && <ErrorNote error={error} onRetry={retry} />}
    </>
  )
}

type Playing = Pick<Props, 'source' | 'store' | 'onShown' | 'onRefused'> & {
  onError: (error: Error) => void
}

/** Keeps the video at the playback's position. Tells whether it is waiting for a picture. */
function useVideo(
  video: React.RefObject<HTMLVideoElement | null>,
  still: React.RefObject<HTMLCanvasElement | null>,
  { source, store, onShown, onRefused, onError }: Playing,
): { isBusy: boolean; reload: () => void } {
  const [isBusy, setIsBusy] = useState(true)
  const driver = useRef<VideoDriver>(undefined)
  useEffect(() => {
    if (!video.current || !still.current) return
    const onFailed = (url: string) =>
      // A browser says the same of what it cannot play and of what it could not get.
      void probeFile(url).then(
        () => onRefused(fileOf(url)),
        (thrown: unknown) => onError(toApiError(thrown)),
      )
    driver.current = new VideoDriver(video.current, still.current, store, { onShown, onBusy: setIsBusy, onFailed })
    return () => driver.current?.dispose()
  }, [video, still, store, onShown, onRefused, onError])
  useEffect(() => driver.current?.offer(source), [source])
  return { isBusy, reload: () => driver.current?.reload() }
}

type FootingProps = { source: Source; clips: readonly Clip[]; store: PlaybackStore }

/** Says so where the picture in view is not one of this time. */
function FootingNote({ source, clips, store }: FootingProps) {
  const note = usePlaybackValue(store, ({ positionMs }: Playback) => {
    const footing = footingAt(source, clips, positionMs)
    if (footing.where === 'footage') return ''
    if (footing.where === 'after') return 'The footage ends before the session does.'
    return `No footage here. It goes on at ${formatClock(footing.nextMs)}.`
  })
  return note && <p className="stage-note">{note}</p>
}
