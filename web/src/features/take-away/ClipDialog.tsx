import { useState } from 'react'
import { formatDuration, formatOffset } from '../../lib/time'
import { Dialog } from '../../ui/Dialog'
import { Icon } from '../../ui/Icon'
import { StretchFields, type Stretch } from '../../ui/StretchFields'
import type { PlayedSession } from '../player/use-session'
import { clipAround, clipFormats, clipUrl, type ClipFormat, type Pictured } from './files'

type Props = { session: PlayedSession; shows: Pictured; atMs: number; onClose: () => void }

const names: Record<ClipFormat, string> = { webm: 'WebM', mp4: 'MP4', gif: 'GIF' }

/** A part of a session as a file: at first what is around the moment. */
export function ClipDialog({ session, shows, atMs, onClose }: Props) {
  const [stretch, setStretch] = useState<Stretch | undefined>(() => clipAround(atMs, session.durationMs))
  const formats = clipFormats[shows]
  return (
    <Dialog title="Download a clip" open onClose={onClose}>
      <div className="stack">
        <StretchFields
          initial={clipAround(atMs, session.durationMs)}
          durationMs={session.durationMs}
          onChange={setStretch}
        />
        <p className="hint">
          {stretch
            ? `${formatDuration(stretch.toMs - stretch.fromMs)}, from ${formatOffset(stretch.fromMs)} on.`
            : 'The end has to be behind the beginning.'}
          {shows === 'video' && stretch && ' It begins with the last full picture before that.'}
        </p>
        <div className="chips">
          {formats.map((format) => (
            <a
              key={format}
              className="button button-primary"
              aria-disabled={!stretch}
              href={stretch && clipUrl(session.id, shows, format, stretch.fromMs, stretch.toMs)}
              download
            >
              <Icon name="download" />
              {names[format]}
            </a>
          ))}
        </div>
      </div>
    </Dialog>
  )
}
