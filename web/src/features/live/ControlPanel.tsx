import { Time } from '../../ui/Time'
import { policyFacts, policyChangeText } from './policy-text'
import { requestState } from './request-state'
import { requestNames, RequestStateText } from './RequestStateText'
import { useNow } from '../../lib/use-now'
import { useSessionControl, type Request } from './use-session-control'
import './live.css'

/** The policy in force, and what was asked of the recorder of a session, with its answers; the latest first. */
export function ControlPanel({ sessionId, isLive = false }: { sessionId: string; isLive?: boolean }) {
  const { data } = useSessionControl(sessionId)
  const nowMs = useNow()
  // Of a session that goes on there is going to be something, and its place is kept.
  if (!data && isLive) return <div className="control-panel-place skeleton" role="status" aria-label="Loading the policy" />
  if (!data || (data.controls.length === 0 && !data.policyInForce)) return null
  const isActive = data.state === 'ACTIVE'
  return (
    <section className="panel control-panel" aria-labelledby="control-title">
      <h2 id="control-title">Control</h2>
      {data.policyInForce && (
        <p className="control-policy">
          Policy <b>{data.policyInForce.name}</b>: {policyFacts(data.policyInForce).join(' · ')}
        </p>
      )}
      {data.controls.length === 0 ? (
        <p className="control-none">Nothing was asked of the recorder{isActive ? ' yet' : ''}.</p>
      ) : (
        <ol className="requests" aria-label="Asked of the recorder">
          {data.controls.toReversed().map((request) => (
            <RequestItem key={request.position} request={request} isActive={isActive} nowMs={nowMs} />
          ))}
        </ol>
      )}
    </section>
  )
}

function RequestItem({ request, isActive, nowMs }: { request: Request; isActive: boolean; nowMs: number }) {
  const { kind, by, at, reason, text, policy } = request
  return (
    <li>
      <div className="request-head">
        <b>{requestNames[kind]}</b>
        <span>by {by}</span>
        <Time at={at} />
      </div>
      {text && <p className="request-text">{text}</p>}
      {policy && <p className="request-text">{policyChangeText(policy)}</p>}
      {reason && <p className="request-reason">Reason: {reason}</p>}
      <RequestStateText state={requestState(request, isActive, nowMs)} />
    </li>
  )
}
