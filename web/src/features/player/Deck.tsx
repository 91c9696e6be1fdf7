import { useMemo, useRef, useState, type ReactNode } from 'react'
import { paths, type PlayerView } from '../../lib/paths'
import { MarkDialog } from '../review/MarkDialog'
import { ClipDialog } from '../take-away/ClipDialog'
import { takeStill } from '../take-away/files'
import type { Clip, Sheet } from '../video/use-media'
import { Controls } from './Controls'
import { toggleFullscreen } from './fullscreen'
import { HelpDialog } from './HelpDialog'
import { mayWith } from './may'
import { NowStrip } from './NowStrip'
import type { PlaybackStore } from './playback-store'
import { SeekBar } from './SeekBar'
import type { Action } from './shortcuts'
import { stepsThrough, type Steps } from './steps'
import { useNeighbours } from './use-neighbours'
import type { PlayedSession } from './use-session'
import { useShortcuts } from './use-shortcuts'

type Props = {
  session: PlayedSession
  store: PlaybackStore
  /** What "previous" and "next event" step through. */
  eventTimes: readonly number[]
  /** What they step through instead. */
  steps?: Steps
  thumbnails?: readonly Sheet[]
  clips?: readonly Clip[]
  shows: PlayerView
  /** The view that links are to open; undefined for the one that opens anyway. */
  view?: PlayerView
  extra?: ReactNode
}

type Opened = { dialog: 'help' } | { dialog: 'mark' | 'clip'; atMs: number }

/** What playback is steered with, whatever it plays. */
export function Deck({ session, store, eventTimes, steps, thumbnails, clips, shows, view, extra }: Props) {
  const [opened, setOpened] = useState<Opened>()
  const deck = useRef<HTMLDivElement>(null)
  const may = mayWith(session)
  const goToNeighbour = useNeighbours(session, store)
  const through = useMemo(() => steps ?? stepsThrough(eventTimes), [steps, eventTimes])
  const linkAt = (t: number) => new URL(paths.session(session.id, { t, view }), window.location.href).href
  const here = () => Math.floor(store.get().positionMs)
  const open = (dialog: 'mark' | 'clip') => {
    store.send({ type: 'pause' })
    setOpened({ dialog, atMs: here() })
    return true
  }
  const act = (action: Action): boolean => {
    switch (action) {
      case 'fullscreen':
        return toggleFullscreen(deck.current?.closest('.player-main'))
      case 'mark':
        return may('REVIEW') && open('mark')
      case 'clip':
        return shows !== 'text' && open('clip')
      case 'still':
        return shows !== 'text' && takeStill(session.id, shows, here())
      case 'link':
        void navigator.clipboard?.writeText(linkAt(here()))
        return true
      case 'next-moment':
      case 'previous-moment':
        return goToNeighbour(action === 'next-moment')
      case 'help':
        setOpened({ dialog: 'help' })
        return true
    }
  }
  useShortcuts(store, through, act)
  const close = () => setOpened(undefined)
  return (
    <div className="panel deck" ref={deck}>
      <NowStrip session={session} store={store} />
      <SeekBar session={session} store={store} shows={shows} thumbnails={thumbnails} clips={clips} />
      <Controls
        session={session}
        store={store}
        steps={through}
        shows={shows}
        linkAt={linkAt}
        act={act}
        mayMark={may('REVIEW')}
        extra={extra}
      />
      <HelpDialog open={opened?.dialog === 'help'} onClose={close} />
      {opened?.dialog === 'mark' && <MarkDialog session={session} atMs={opened.atMs} onClose={close} />}
      {opened?.dialog === 'clip' && shows !== 'text' && (
        <ClipDialog session={session} shows={shows} atMs={opened.atMs} onClose={close} />
      )}
    </div>
  )
}
