import { useState } from 'react'
import { plural } from '../../lib/format'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { useReviewSessions } from './use-review'

type Props = { sessions: readonly string[]; open: boolean; onClose: () => void; onDone: () => void }

export function ReviewDialog({ sessions, open, onClose, onDone }: Props) {
  return (
    <Dialog title={`Mark ${plural(sessions.length, 'session')} as reviewed`} open={open} onClose={onClose}>
      {open && <ReviewForm sessions={sessions} onDone={onDone} />}
    </Dialog>
  )
}

function ReviewForm({ sessions, onDone }: Pick<Props, 'sessions' | 'onDone'>) {
  const [comment, setComment] = useState('')
  const review = useReviewSessions(onDone)
  return (
    <form
      className="review-form"
      onSubmit={(event) => {
        event.preventDefault()
        review.mutate({ sessions, comment: comment.trim() || undefined })
      }}
    >
      <Field label="What was found (optional)">
        <textarea
          className="input"
          rows={3}
          maxLength={2000}
          value={comment}
          onChange={({ target }) => setComment(target.value)}
        />
      </Field>
      {review.error && <ErrorNote error={review.error} />}
      <button type="submit" className="button button-primary" disabled={review.isPending}>
        {review.isPending ? 'Marking…' : 'Mark as reviewed'}
      </button>
    </form>
  )
}
