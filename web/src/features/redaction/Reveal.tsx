import { useState } from 'react'
import { useLooking } from '../../lib/looking'
import { Dialog } from '../../ui/Dialog'
import { Icon } from '../../ui/Icon'
import { SayForm } from '../../ui/SayForm'
import { mayWith } from '../player/may'
import type { PlayedSession } from '../player/use-session'
import { inForce } from './hidden'
import { useReveal } from './use-redact'

/** Asks why, then shows what is hidden; and hides it again. */
export function RevealButton({ session }: { session: PlayedSession }) {
  const [isAsking, setAsking] = useState(false)
  const may = mayWith(session)
  const { reveal: reason } = useLooking()
  const reveal = useReveal(session.id)
  if (!may('REVEAL')) return null
  if (reason !== undefined) {
    return (
      <button type="button" className="button" disabled={reveal.isPending} onClick={() => reveal.mutate(undefined)}>
        <Icon name="hidden" />
        Hide again
      </button>
    )
  }
  if (inForce(session.redactions).length === 0) return null
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        <Icon name="eye" />
        Reveal…
      </button>
      {isAsking && (
        <Dialog title="Reveal what is hidden" open onClose={() => setAsking(false)}>
          <SayForm
            label="Why you look at it"
            button={reveal.isPending ? 'Revealing…' : 'Reveal'}
            isRequired
            isPending={reveal.isPending}
            error={reveal.error}
            onSay={(why) => reveal.mutate(why, { onSuccess: () => setAsking(false) })}
          >
            <p className="hint">
              Passwords and all else that is hidden in this session is shown to you until you leave this page. That you looked,
              and why, is written down for good.
            </p>
          </SayForm>
        </Dialog>
      )}
    </>
  )
}

/** Says so for as long as hidden parts are shown. */
export function RevealedNote() {
  const { reveal } = useLooking()
  if (reveal === undefined) return null
  return (
    <p className="revealed-note" role="status">
      <Icon name="eye" />
      <span>Hidden parts are shown to you, and that is written down. Your reason: {reveal}</span>
    </p>
  )
}
