import { useState } from 'react'
import { sessionName } from '../../lib/format'
import { Dialog } from '../../ui/Dialog'
import { Icon } from '../../ui/Icon'
import { AskForm } from './AskForm'
import { RequestToast } from './RequestToast'
import { useSendMessage, useTerminate } from './use-session-control'
import './live.css'

type Session = { id: string; title: string | null; command: string | null; user: string | null; host: string | null }
type Asked = 'message' | 'terminate'

/** What somebody who rules over a session can ask of its recorder. */
export function SessionControls({ session }: { session: Session }) {
  const [open, setOpen] = useState<Asked>()
  const [askedAt, setAskedAt] = useState<number>()
  const close = () => setOpen(undefined)
  const onDone = () => {
    close()
    setAskedAt(Date.now())
  }
  return (
    <div className="session-controls">
      <button type="button" className="button" onClick={() => setOpen('message')}>
        <Icon name="message" />
        Message
      </button>
      <button type="button" className="button button-stop" onClick={() => setOpen('terminate')}>
        <Icon name="stop" />
        Terminate
      </button>
      <Dialog title={`Message to ${session.user ?? 'the person in the session'}`} open={open === 'message'} onClose={close}>
        {open === 'message' && <MessageForm session={session} onDone={onDone} />}
      </Dialog>
      <Dialog title="Terminate this session?" open={open === 'terminate'} onClose={close}>
        {open === 'terminate' && <TerminateForm session={session} onDone={onDone} onCancel={close} />}
      </Dialog>
      {askedAt !== undefined && <RequestToast sessionId={session.id} onClose={() => setAskedAt(undefined)} />}
    </div>
  )
}

type FormProps = { session: Session; onDone: () => void }

function MessageForm({ session, onDone }: FormProps) {
  const send = useSendMessage(session.id, onDone)
  return (
    <AskForm
      fields={[
        { name: 'text', label: 'Message', isRequired: true, rows: 3, hint: 'It is shown on their terminal at once.' },
        { name: 'reason', label: 'Reason (optional)', rows: 1, hint: 'It is kept in the log, and not shown to them.' },
      ]}
      submit="Send message"
      submitting="Sending…"
      asking={send}
      onSubmit={({ text = '', reason }) => send.mutate({ text, reason })}
    />
  )
}

function TerminateForm({ session, onDone, onCancel }: FormProps & { onCancel: () => void }) {
  const terminate = useTerminate(session.id, onDone)
  const { user, host } = session
  return (
    <AskForm
      intro={
        <p>
          The session <b>{sessionName(session)}</b> of <b>{user ?? 'somebody unknown'}</b> on{' '}
          <b>{host ?? 'an unknown host'}</b> is ended at once. What is unsaved there is lost.
        </p>
      }
      fields={[{ name: 'reason', label: 'Reason', isRequired: true, rows: 2, hint: 'It is kept in the log with your name.' }]}
      submit="Terminate session"
      submitting="Asking…"
      isDangerous
      asking={terminate}
      onSubmit={({ reason }) => terminate.mutate({ reason })}
      onCancel={onCancel}
    />
  )
}
