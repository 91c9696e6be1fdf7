import { useEffect, useState } from 'react'
import { Icon } from '../../ui/Icon'
import { requestNames, RequestStateText } from './RequestStateText'
import { useNow } from '../../lib/use-now'
import { requestState } from './request-state'
import { useSessionControl } from './use-session-control'

/** What was answered is left for so long. */
const leftMs = 12_000

/** What became of what was just asked, wherever on the page one is. */
export function RequestToast({ sessionId, onClose }: { sessionId: string; onClose: () => void }) {
  const { data } = useSessionControl(sessionId)
  const nowMs = useNow()
  const request = data?.controls.at(-1)
  const state = request && requestState(request, data?.state === 'ACTIVE', nowMs)
  const isOver = state?.phase === 'done'
  const [isHeld, setIsHeld] = useState(false)
  useEffect(() => {
    if (!isOver || isHeld) return
    const timer = setTimeout(onClose, leftMs)
    return () => clearTimeout(timer)
  }, [isOver, isHeld, onClose])
  return (
    <div
      className="panel toast"
      role="status"
      onPointerEnter={() => setIsHeld(true)}
      onPointerLeave={() => setIsHeld(false)}
    >
      <div>
        <strong>{request ? requestNames[request.kind] : 'Asked'}</strong>
        {state && <RequestStateText state={state} />}
      </div>
      <button type="button" className="button button-quiet button-icon" aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  )
}
