import { useState } from 'react'
import type { MomentKind } from '../../gql/graphql'
import { ReviewPanel } from '../review/ReviewPanel'
import { Timeline } from '../timeline/Timeline'
import type { PlaybackStore } from './playback-store'
import type { PlayedSession } from './use-session'

type Props = {
  session: PlayedSession
  /** Whether more comes while it is looked at. */
  isLive: boolean
  store: PlaybackStore
  kinds: MomentKind[] | undefined
  onKinds: (kinds: MomentKind[] | undefined) => void
}

const panels = ['Timeline', 'Review'] as const
type Panel = (typeof panels)[number]

/** What stands beside the picture. The timeline keeps its place while the review is looked at. */
export function SidePanel({ session, isLive, store, kinds, onKinds }: Props) {
  const [open, setOpen] = useState<Panel>('Timeline')
  const { commentCount } = session.review
  return (
    <section className="panel moments" aria-label="Beside the picture">
      <div className="side-tabs" role="group" aria-label="What stands beside the picture">
        {panels.map((panel) => (
          <button
            key={panel}
            type="button"
            className="side-tab"
            aria-pressed={panel === open}
            onClick={() => setOpen(panel)}
          >
            {panel}
            {panel === 'Review' && commentCount > 0 && <span className="side-count"> {commentCount}</span>}
          </button>
        ))}
      </div>
      <div className="side-body" hidden={open !== 'Timeline'}>
        <Timeline session={session} isLive={isLive} store={store} kinds={kinds} onKinds={onKinds} />
      </div>
      {open === 'Review' && (
        <div className="side-body side-scroll">
          <ReviewPanel session={session} store={store} />
        </div>
      )}
    </section>
  )
}
