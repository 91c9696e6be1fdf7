import { useState } from 'react'
import { formatOffset } from '../../lib/time'
import { SayForm } from '../../ui/SayForm'
import type { PlaybackStore } from '../player/playback-store'
import { selectPosition, usePlaybackValue } from '../player/use-playback'
import type { PlayedSession } from '../player/use-session'
import { useReviewStep } from './use-comments'

/** A comment about the session, or about the moment at which playback stands. */
export function CommentForm({ session, store }: { session: PlayedSession; store: PlaybackStore }) {
  const [isHere, setIsHere] = useState(true)
  const [said, setSaid] = useState(0)
  const positionMs = usePlaybackValue(store, selectPosition)
  const step = useReviewStep(session.id)
  return (
    <SayForm
      key={said}
      label="Add a comment"
      button="Comment"
      rows={2}
      isRequired
      isPending={step.isPending}
      error={step.error}
      onSay={(text) =>
        step.mutate(
          { do: 'comment', text: text ?? '', offsetMs: isHere ? positionMs : undefined },
          { onSuccess: () => setSaid((count) => count + 1) },
        )
      }
    >
      <label className="check">
        <input type="checkbox" checked={isHere} onChange={({ target }) => setIsHere(target.checked)} />
        About this moment, <span className="numeric">{formatOffset(positionMs)}</span>
      </label>
    </SayForm>
  )
}
