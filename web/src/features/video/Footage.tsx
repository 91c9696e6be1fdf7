import { useState } from 'react'
import { formatBytes, plural } from '../../lib/format'
import { paths } from '../../lib/paths'
import { formatClock, formatDuration } from '../../lib/time'
import { Icon } from '../../ui/Icon'
import { LoadMore } from '../../ui/LoadMore'
import type { PlaybackStore } from '../player/playback-store'
import type { PlayedSession } from '../player/use-session'
import { Processing } from './Processing'
import { productOf } from './source'
import { Thumbnail } from './Thumbnail'
import { nearestTile } from './thumbnails'
import { codecName } from './Unplayable'
import { useShownThumbnails } from './use-hidden-pictures'
import type { Clip, Media, Sheet } from './use-media'

/** A capture that broke off often has very many. */
const shownAtFirst = 20

type Props = { session: PlayedSession; media: Media; store: PlaybackStore }

/** What there is of video, to take away. */
export function Footage({ session, media, store }: Props) {
  const thumbnails = useShownThumbnails(session, media)
  const { video, clips, clipsZipUrl } = media
  const mp4 = productOf(media, 'MP4')
  const [shownCount, setShownCount] = useState(shownAtFirst)
  return (
    <section className="panel facts" aria-labelledby="footage-title">
      <div className="facts-head">
        <h2 id="footage-title">Footage</h2>
        <div className="chips">
          {video && <Download url={video.url} label="WebM" bytes={video.bytes} />}
          {mp4?.url && <Download url={mp4.url} label="MP4" bytes={mp4.bytes} />}
          {clipsZipUrl && clips.length > 1 && <Download url={clipsZipUrl} label="All clips (zip)" bytes={null} />}
        </div>
      </div>
      {mp4?.state !== 'COMPLETED' && (
        <Processing
          sessionId={session.id}
          kind="MP4"
          product={mp4}
          isLive={session.state === 'ACTIVE'}
          ask="Make an MP4"
        />
      )}
      {clips.length > 0 && (
        <p className="clips-count">{plural(clips.length, 'clip')}, each of footage that plays in one go</p>
      )}
      <ol className="clips">
        {clips.slice(0, shownCount).map((clip) => (
          <ClipRow key={clip.number} clip={clip} sessionId={session.id} thumbnails={thumbnails} store={store} />
        ))}
      </ol>
      <LoadMore
        hasMore={clips.length > shownCount}
        isLoading={false}
        label="Show all clips"
        onMore={() => setShownCount(Infinity)}
      />
    </section>
  )
}

type RowProps = { clip: Clip; sessionId: string; thumbnails: readonly Sheet[]; store: PlaybackStore }

function ClipRow({ clip, sessionId, thumbnails, store }: RowProps) {
  const tile = nearestTile(thumbnails, clip.startMs)
  const jump = (event: React.MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    store.send({ type: 'open', atMs: clip.startMs })
  }
  return (
    <li className="clip">
      <span className="clip-picture">{tile && <Thumbnail tile={tile} width={96} />}</span>
      <span className="clip-facts">
        <a href={paths.session(sessionId, { t: clip.startMs })} onClick={jump} className="numeric">
          {formatClock(clip.startMs)} – {formatClock(clip.endMs)}
        </a>
        <span>
          {formatDuration(clip.endMs - clip.startMs)}, {clip.width} × {clip.height}, {codecName(clip.codec)},{' '}
          {formatBytes(clip.bytes)}
        </span>
      </span>
      <a
        className="button button-quiet button-icon"
        href={paths.download(clip.url)}
        download
        aria-label={`Download clip ${clip.number}`}
        title={`Download clip ${clip.number}`}
      >
        <Icon name="download" />
      </a>
    </li>
  )
}

function Download({ url, label, bytes }: { url: string; label: string; bytes: number | null }) {
  return (
    <a className="button" href={paths.download(url)} download>
      <Icon name="download" />
      {label}
      {bytes !== null && <span className="download-size">{formatBytes(bytes)}</span>}
    </a>
  )
}
