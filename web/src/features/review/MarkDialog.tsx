import { formatOffset } from '../../lib/time'
import { Dialog } from '../../ui/Dialog'
import { SayForm } from '../../ui/SayForm'
import type { PlayedSession } from '../player/use-session'
import { useReviewStep } from './use-comments'

type Props = { session: PlayedSession; atMs: number; onClose: () => void }

/** A marker: a comment at a moment. */
export function MarkDialog({ session, atMs, onClose }: Props) {
  const step = useReviewStep(session.id)
  return (
    <Dialog title={`Comment at ${formatOffset(atMs)}`} open onClose={onClose}>
      <SayForm
        label="What is to be seen here"
        button="Add the comment"
        isRequired
        isPending={step.isPending}
        error={step.error}
        onSay={(text) => step.mutate({ do: 'comment', text: text ?? '', offsetMs: atMs }, { onSuccess: onClose })}
      />
    </Dialog>
  )
}
