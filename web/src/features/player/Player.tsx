import { useCallback, useState } from 'react'
import type { MomentKind } from '../../gql/graphql'
import type { PlayerSearch, PlayerView } from '../../lib/paths'
import { EmptyNote, ErrorNote } from '../../ui/notes'
import { ControlPanel } from '../live/ControlPanel'
import { LiveTerminal } from '../live/LiveTerminal'
import { SessionControls } from '../live/SessionControls'
import { RevealButton, RevealedNote } from '../redaction/Reveal'
import { RetentionPanel } from '../retention/RetentionPanel'
import { TextPlayer } from '../transcript/TextPlayer'
import { Footage } from '../video/Footage'
import { FootageProblems } from '../video/FootageProblems'
import type { useMedia } from '../video/use-media'
import { VideoPlayer } from '../video/VideoPlayer'
import { Facts } from './Facts'
import { PicturelessPlayer } from './PicturelessPlayer'
import { SessionHead } from './SessionHead'
import { SidePanel } from './SidePanel'
import { TerminalPlayer } from './TerminalPlayer'
import { useMomentInUrl } from './use-moment-in-url'
import { usePlayback } from './use-playback'
import type { PlayedSession } from './use-session'
import { viewsOf } from './views'
import { ViewSwitch } from './ViewSwitch'

type Props = {
  session: PlayedSession
  footage: ReturnType<typeof useMedia>
  search: PlayerSearch
  onSearch: (search: PlayerSearch) => void
}

export function Player({ session, footage, search, onSearch }: Props) {
  const store = usePlayback(search.t ?? 0, session.durationMs)
  const write = useCallback((t: number) => onSearch({ ...search, t }), [onSearch, search])
  useMomentInUrl(store, search.t, write)
  const media = footage.data?.media
  const views = viewsOf(session.asciicastUrl !== null, media)
  // What is built meanwhile must not take the place of what somebody looks at.
  const [opened, setOpened] = useState(views[0])
  if (opened === undefined && views[0] !== undefined) setOpened(views[0])
  const view = views.find((choice) => choice === search.view) ?? opened
  const onView = (chosen: PlayerView) => onSearch({ ...search, view: chosen === opened ? undefined : chosen })
  const named = search.view && view
  // Who watched it to its end stays where they are.
  const [wasLive] = useState(session.state === 'ACTIVE')
  const onLive = useCallback(() => {
    if (search.t !== undefined) onSearch({ ...search, t: undefined })
  }, [onSearch, search])
  return (
    <div className="player">
      <SessionHead session={session}>
        {session.state === 'ACTIVE' && session.rights.includes('CONTROL') && <SessionControls session={session} />}
        <RevealButton session={session} />
        {view && views.length > 1 && <ViewSwitch view={view} views={views} onView={onView} />}
      </SessionHead>
      <RevealedNote />
      <div className="player-main">
        {footage.error && !media && <ErrorNote error={footage.error} onRetry={() => void footage.refetch()} />}
        {view === 'video' && media && (
          <VideoPlayer session={session} media={media} store={store} view={named && 'video'} />
        )}
        {view === 'terminal' && !wasLive && (
          <TerminalPlayer session={session} store={store} view={named && 'terminal'} />
        )}
        {view === 'terminal' && wasLive && (
          <LiveTerminal
            session={session}
            store={store}
            view={named && 'terminal'}
            opensAtEnd={search.t === undefined}
            onLive={onLive}
          />
        )}
        {view === 'text' && <TextPlayer session={session} store={store} view={named && 'text'} />}
        {view === undefined &&
          (session.state === 'ENDED' && session.momentMap.series.length > 0 ? (
            <PicturelessPlayer session={session} store={store} />
          ) : (
            <NothingToPlay isLive={session.state === 'ACTIVE'} />
          ))}
        {media && <FootageProblems problems={media.problems} />}
      </div>
      <SidePanel
        session={session}
        isLive={wasLive}
        store={store}
        kinds={search.kinds}
        onKinds={(kinds?: MomentKind[]) => onSearch({ ...search, kinds })}
      />
      <div className="player-below">
        {wasLive && <ControlPanel sessionId={session.id} isLive />}
        <Facts session={session} />
        <RetentionPanel session={session} />
        {media && views.includes('video') && <Footage session={session} media={media} store={store} />}
        {!wasLive && <ControlPanel sessionId={session.id} />}
      </div>
    </div>
  )
}

function NothingToPlay({ isLive }: { isLive: boolean }) {
  return (
    <EmptyNote title="There is nothing to play.">
      {isLive ? (
        <span>This session goes on. Once a picture of it has come, it shows here.</span>
      ) : (
        <span>This session holds no terminal recording and no video that plays. What is known about it is listed below.</span>
      )}
    </EmptyNote>
  )
}
