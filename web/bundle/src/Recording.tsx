import { create, type Recording as PlayedRecording } from 'asciinema-player'
import 'asciinema-player/dist/bundle/asciinema-player.css'
import { useEffect, useRef } from 'react'
import { parseCast, type Cast } from '../../src/features/player/cast'
import { wholeListOf, type BundleData } from './data'
import { once, useLoaded } from './use-loaded'

/** What plays, and can be told where to stand. */
export type Player = { seek: (atMs: number) => void }

type Props = { bundle: BundleData; onPlayer: (player: Player | undefined) => void }

export function Recording({ bundle, onPlayer }: Props) {
  if (bundle.video) return <Video video={bundle.video} onPlayer={onPlayer} />
  if (bundle.hasTerminal) return <Terminal onPlayer={onPlayer} />
  return (
    <div className="note">
      <strong>There is nothing to play.</strong>
      <span>What was captured, if anything, lies in the folder media.</span>
    </div>
  )
}

function Video({ video, onPlayer }: { video: NonNullable<BundleData['video']>; onPlayer: Props['onPlayer'] }) {
  const element = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    onPlayer({
      seek: (atMs) => {
        if (element.current) element.current.currentTime = Math.max(0, (atMs - video.firstUs / 1000) / 1000)
      },
    })
    return () => onPlayer(undefined)
  }, [video, onPlayer])
  return (
    <div className="stage-frame">
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- Recordings of screens have no sound. */}
      <video ref={element} className="stage-video" data-testid="video" src={video.src} controls preload="metadata" />
    </div>
  )
}

const loadCast = once(async (): Promise<Cast> => parseCast((await wholeListOf<string>('cast')).join('\n')))

function Terminal({ onPlayer }: { onPlayer: Props['onPlayer'] }) {
  const { data: cast, error } = useLoaded(loadCast)
  const container = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!cast || !container.current) return
    const shown = cast.events.filter(([, code]) => code === 'o' || code === 'r')
    const recording = {
      cols: cast.columns,
      rows: cast.rows,
      // The player ends with its last event and refuses to have none: this one draws nothing, at the true end.
      events: [...shown, [cast.durationMs, 'o', '']],
    }
    const player = create({ data: recording, parser: (data) => data as PlayedRecording }, container.current, {
      controls: true,
      fit: 'both',
      theme: 'asciinema',
      preload: true,
      terminalFontFamily: 'ui-monospace, "Cascadia Code", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
    })
    // Half a millisecond more, or rounding to seconds and back could leave out an event at this very time.
    onPlayer({ seek: (atMs) => void player.seek((atMs + 0.5) / 1000) })
    return () => {
      onPlayer(undefined)
      player.dispose()
    }
  }, [cast, onPlayer])
  return (
    <div className="stage-frame">
      {error && <div className="note note-error">{error}</div>}
      <div ref={container} className="stage-terminal" data-testid="terminal" />
    </div>
  )
}
