import { useState } from 'react'
import { Dialog } from '../../ui/Dialog'
import { SayForm } from '../../ui/SayForm'
import { Time } from '../../ui/Time'
import type { PlaybackStore } from '../player/playback-store'
import { mayWith } from '../player/may'
import type { PlayedSession } from '../player/use-session'
import { Redactions } from '../redaction/Redactions'
import { AssignForm } from './AssignForm'
import { CommentForm } from './CommentForm'
import { CommentList } from './CommentList'
import { useComments, useReviewStep } from './use-comments'

type Props = { session: PlayedSession; store: PlaybackStore }

/** How far the review of a session is, what was said about it, and what is hidden in it. */
export function ReviewPanel({ session, store }: Props) {
  const may = mayWith(session)
  const { comments, error, isPending } = useComments(session.id)
  return (
    <div className="review">
      <ReviewState session={session} mayReview={may('REVIEW')} />
      <section aria-labelledby="comments-title">
        <h2 id="comments-title">Comments</h2>
        <CommentList comments={comments} error={error} isPending={isPending} sessionId={session.id} store={store} />
        {may('REVIEW') && <CommentForm session={session} store={store} />}
      </section>
      <Redactions session={session} store={store} may={may} />
    </div>
  )
}

type Asked = 'review' | 'reopen'

function ReviewState({ session, mayReview }: { session: PlayedSession; mayReview: boolean }) {
  const [asked, setAsked] = useState<Asked>()
  const { reviewedAt, reviewedBy, assignee, sampled } = session.review
  return (
    <section aria-labelledby="review-title">
      <h2 id="review-title">Review</h2>
      <p className="review-state" data-testid="review-state">
        {reviewedAt ? (
          <>
            <span className="badge badge-active">Reviewed</span> by {reviewedBy}, <Time at={reviewedAt} />
          </>
        ) : (
          <>
            <span className="badge">{sampled ? 'In the review queue' : 'Not reviewed'}</span>
            {assignee ? ` assigned to ${assignee}` : ' assigned to nobody'}
          </>
        )}
      </p>
      {mayReview && (
        <div className="chips">
          <button type="button" className="button" onClick={() => setAsked(reviewedAt ? 'reopen' : 'review')}>
            {reviewedAt ? 'Reopen…' : 'Mark as reviewed…'}
          </button>
          {!reviewedAt && <AssignForm session={session} />}
        </div>
      )}
      {asked && <ReviewStepDialog session={session} asked={asked} onClose={() => setAsked(undefined)} />}
    </section>
  )
}

type StepProps = { session: PlayedSession; asked: Asked; onClose: () => void }

function ReviewStepDialog({ session, asked, onClose }: StepProps) {
  const step = useReviewStep(session.id)
  const isReview = asked === 'review'
  return (
    <Dialog title={isReview ? 'Mark as reviewed' : 'Reopen the review'} open onClose={onClose}>
      <SayForm
        label={isReview ? 'What was found (optional)' : 'Why (optional)'}
        button={isReview ? 'Mark as reviewed' : 'Reopen'}
        isPending={step.isPending}
        error={step.error}
        onSay={(text) =>
          step.mutate(isReview ? { do: 'review', comment: text } : { do: 'reopen', reason: text }, { onSuccess: onClose })
        }
      />
    </Dialog>
  )
}
