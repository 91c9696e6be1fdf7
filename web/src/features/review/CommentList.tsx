import type { MouseEvent } from 'react'
import { paths } from '../../lib/paths'
import { formatOffset } from '../../lib/time'
import { ErrorNote } from '../../ui/notes'
import { Time } from '../../ui/Time'
import type { PlaybackStore } from '../player/playback-store'
import type { Comment } from './use-comments'

type Props = {
  comments: readonly Comment[]
  error: Error | null
  isPending: boolean
  sessionId: string
  store: PlaybackStore
}

export function CommentList({ comments, error, isPending, sessionId, store }: Props) {
  if (error) return <ErrorNote error={error} />
  if (isPending) return <p className="hint">Loading…</p>
  if (comments.length === 0) return <p className="hint">Nobody has said anything yet.</p>
  const jump = (event: MouseEvent, atMs: number) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    store.send({ type: 'open', atMs })
  }
  return (
    <ol className="comments">
      {comments.map(({ id, at, by, offsetMs, text }) => (
        <li key={id} className="comment">
          <p className="comment-head">
            <strong>{by}</strong> <Time at={at} />
            {offsetMs !== null && (
              <a
                className="numeric comment-jump"
                href={paths.session(sessionId, { t: offsetMs })}
                onClick={(event) => jump(event, offsetMs)}
              >
                at {formatOffset(offsetMs)}
              </a>
            )}
          </p>
          <p className="comment-text">{text}</p>
        </li>
      ))}
    </ol>
  )
}
