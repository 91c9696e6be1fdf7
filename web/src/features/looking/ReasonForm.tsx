import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ViewRecordingDocument } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { readLooking, setLooking, useLooking } from '../../lib/looking'
import { SayForm } from '../../ui/SayForm'
import { forgetAll } from '../redaction/use-redact'

/** The policy wants a reason for looking: it is asked for once, and then said with all that is asked of the session. */
export function ReasonForm({ sessionId, onSaid }: { sessionId: string; onSaid: () => void }) {
  const say = useMutation({
    mutationFn: async (reason: string) => {
      await graphql(ViewRecordingDocument, { session: sessionId, reason })
      setLooking({ ...readLooking(), reason })
    },
    onSuccess: onSaid,
  })
  return (
    <div className="panel reason">
      <h1>Why do you look at this session?</h1>
      <p className="hint">The policy of this server wants a reason. It is written down with your name.</p>
      <SayForm
        label="Reason"
        button="Go on"
        isRequired
        isPending={say.isPending}
        error={say.error}
        onSay={(reason) => say.mutate(reason ?? '')}
      />
    </div>
  )
}

/** So often it is said again: videos cannot say it themselves, and the server remembers it for some minutes. */
const saidEachMs = 4 * 60_000

/** What was said on this page holds for this page: it is said as long as it is open, and forgotten when it is left. */
export function useLookingAt(sessionId: string): void {
  const client = useQueryClient()
  const { reason } = useLooking()
  useEffect(
    () => () => {
      // What was revealed must not be there for whoever comes back to this page without a reason.
      if (readLooking().reveal !== undefined) forgetAll(client, sessionId)
      setLooking({})
    },
    [client, sessionId],
  )
  useEffect(() => {
    if (reason === undefined) return
    const timer = setInterval(
      () => void graphql(ViewRecordingDocument, { session: sessionId, reason }).catch(() => {}),
      saidEachMs,
    )
    return () => clearInterval(timer)
  }, [sessionId, reason])
}
