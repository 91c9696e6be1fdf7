import { formatBytes } from '../../lib/format'
import { revealedUrl } from '../../lib/looking'
import { paths, type PlayerView } from '../../lib/paths'
import { Dropdown } from '../../ui/Dropdown'
import { Icon, type IconName } from '../../ui/Icon'
import type { PlaybackStore } from '../player/playback-store'
import type { PlayedSession } from '../player/use-session'
import { productOf } from '../video/source'
import { useKnownMedia } from '../video/use-media'
import { takeStill } from './files'

type Props = { session: PlayedSession; store: PlaybackStore; shows: PlayerView; onClip: () => void }

/** What the terminal showed, drawn. */
const films = ['gif', 'mp4', 'webm'] as const

/** All that can be taken away of a session, as files. */
export function TakeAway({ session, store, shows, onClip }: Props) {
  const media = useKnownMedia(session.id)
  const mp4 = media && productOf(media, 'MP4')
  const cast = session.asciicastUrl
  return (
    <Dropdown label="Download">
      <div className="take-away">
        {shows !== 'text' && (
          <Group name="Of this moment">
            <Choice
              icon="camera"
              label="Still (PNG)"
              onClick={() => takeStill(session.id, shows, Math.floor(store.get().positionMs))}
            />
            <Choice icon="scissors" label="Clip…" onClick={onClip} />
          </Group>
        )}
        {media && (media.video || mp4?.url || media.clipsZipUrl) && (
          <Group name="Video">
            {media.video && <File url={media.video.url} label="WebM" bytes={media.video.bytes} />}
            {mp4?.url && <File url={mp4.url} label="MP4" bytes={mp4.bytes} />}
            {media.clipsZipUrl && <File url={media.clipsZipUrl} label="All clips (zip)" />}
          </Group>
        )}
        {cast && (
          <Group name="Terminal">
            <File url={revealedUrl(paths.asciicast(cast, 2))} label="asciicast v2" />
            <File url={revealedUrl(paths.asciicast(cast, 3))} label="asciicast v3" />
            {films.map((ending) => (
              <File key={ending} url={revealedUrl(paths.film(session.id, ending))} label={filmNames[ending]} />
            ))}
          </Group>
        )}
      </div>
    </Dropdown>
  )
}

const filmNames = { gif: 'GIF', mp4: 'MP4 film', webm: 'WebM film' }

function Group({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <section aria-label={name}>
      <p className="take-away-name">{name}</p>
      {children}
    </section>
  )
}

function Choice({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" className="take-away-item" onClick={onClick}>
      <Icon name={icon} />
      {label}
    </button>
  )
}

function File({ url, label, bytes }: { url: string; label: string; bytes?: number | null }) {
  return (
    <a className="take-away-item" href={paths.download(url)} download>
      <Icon name="download" />
      {label}
      {typeof bytes === 'number' && <span className="download-size">{formatBytes(bytes)}</span>}
    </a>
  )
}
