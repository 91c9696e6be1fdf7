import { useState } from 'react'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { useWho } from '../auth/use-who'
import type { PlayedSession } from '../player/use-session'
import { useReviewStep } from './use-comments'

/** Gives a session to somebody to review, or takes it back. */
export function AssignForm({ session }: { session: PlayedSession }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Assign…
      </button>
      {isOpen && <AssignDialog session={session} onClose={() => setOpen(false)} />}
    </>
  )
}

function AssignDialog({ session, onClose }: { session: PlayedSession; onClose: () => void }) {
  const who = useWho()
  const me = who.user ?? who.name
  const [to, setTo] = useState(session.review.assignee ?? '')
  const step = useReviewStep(session.id)
  const assign = (name: string) =>
    step.mutate({ do: 'assign', to: name.trim() || undefined }, { onSuccess: onClose })
  return (
    <Dialog title="Assign the review" open onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          assign(to)
        }}
      >
        <Field label="To whom (nobody, if empty)">
          <input
            className="input"
            autoComplete="off"
            spellCheck={false}
            maxLength={200}
            value={to}
            onChange={({ target }) => setTo(target.value)}
          />
        </Field>
        {step.error && <ErrorNote error={step.error} />}
        <div className="chips">
          <button type="submit" className="button button-primary" disabled={step.isPending}>
            Assign
          </button>
          {me !== session.review.assignee && (
            <button type="button" className="button" disabled={step.isPending} onClick={() => assign(me)}>
              Take it myself
            </button>
          )}
        </div>
      </form>
    </Dialog>
  )
}
