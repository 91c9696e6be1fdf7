import { useState } from 'react'
import { plural, sessionName } from '../../lib/format'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { usePurge, type RetainedSession } from './use-retention'
import { isWord, purgeWord } from './words'

type Props = { session: RetainedSession; onClose: () => void }

/** Destroys what was recorded of a session: it wants a reason, and a word that nobody types by mistake. */
export function PurgeDialog({ session, onClose }: Props) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const purge = usePurge(session.id)
  const isReady = reason.trim() !== '' && isWord(typed, purgeWord)
  return (
    <Dialog title="Purge this recording?" open onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady) purge.mutate(reason.trim())
        }}
      >
        <div className="purge-about">
          <p>
            <b>Destroyed for ever:</b> what was recorded of <b>{sessionName(session)}</b>
            {session.counts && <>, {plural(session.counts.events, 'event')}</>}: what was typed, run and shown, its
            videos and screenshots. Search finds nothing of it any more.
          </p>
          <p>
            <b>Stays:</b> that it took place, who, where and when; who looked at it and what reviewers wrote; this purge
            with your name and reason; and every hash, so that the log can still be verified. What was exported or
            downloaded before is not called back.
          </p>
        </div>
        <Field label="Reason">
          <textarea
            className="input"
            rows={2}
            maxLength={2000}
            required
            value={reason}
            onChange={({ target }) => setReason(target.value)}
          />
        </Field>
        <Field label={`Type “${purgeWord}” to confirm`}>
          <input
            className="input mono"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
          />
        </Field>
        {purge.error && <ErrorNote error={purge.error} />}
        <div className="form-actions">
          <button type="submit" className="button button-danger" disabled={!isReady || purge.isPending}>
            {purge.isPending ? 'Purging…' : 'Purge recording'}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
