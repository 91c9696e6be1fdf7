import { useState } from 'react'
import type { Concealed } from '../../gql/graphql'
import { Dialog } from '../../ui/Dialog'
import { SelectField } from '../../ui/fields'
import { SayForm } from '../../ui/SayForm'
import { StretchFields, type Stretch } from '../../ui/StretchFields'
import type { PlayedSession } from '../player/use-session'
import { useRedact } from './use-redact'

type Props = { session: PlayedSession; atMs: number; onClose: () => void }

const choices: { value: Concealed; label: string }[] = [
  { value: 'ALL', label: 'Everything' },
  { value: 'KEYS', label: 'What was typed' },
  { value: 'SCREEN', label: 'What was to be seen' },
]
const aroundMs = 5_000

/** Hides a stretch of a session from everybody who does not reveal it. */
export function RedactDialog({ session, atMs, onClose }: Props) {
  const around = { fromMs: Math.max(0, atMs - aroundMs), toMs: Math.min(session.durationMs, atMs + aroundMs) }
  const [stretch, setStretch] = useState<Stretch | undefined>(around)
  const [what, setWhat] = useState<Concealed>('ALL')
  const redact = useRedact(session.id)
  return (
    <Dialog title="Redact a part of this session" open onClose={onClose}>
      <SayForm
        label="Why"
        button={redact.isPending ? 'Hiding…' : 'Redact'}
        isRequired
        isPending={redact.isPending || stretch === undefined}
        error={redact.error}
        onSay={(reason) =>
          stretch && redact.mutate({ ...stretch, what, reason: reason ?? '' }, { onSuccess: onClose })
        }
      >
        <p className="hint">
          It is hidden from everybody, also in searches and downloads, until somebody with the right to reveals it with a
          reason. What was recorded stays in the log as it is.
        </p>
        <StretchFields initial={around} durationMs={session.durationMs} onChange={setStretch} />
        <SelectField
          label="What is hidden"
          value={what}
          options={choices}
          onChange={(value) => setWhat(choices.find((choice) => choice.value === value)?.value ?? 'ALL')}
        />
      </SayForm>
    </Dialog>
  )
}
