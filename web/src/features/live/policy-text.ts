import { formatDuration } from '../../lib/time'
import type { Request, SessionControlState } from './use-session-control'

type Policy = NonNullable<NonNullable<SessionControlState>['policyInForce']>
type Change = NonNullable<Request['policy']>

const seconds = (s: number) => formatDuration(s * 1000)

/** What a policy asks for, each in a few words. */
export function policyFacts(policy: Policy): string[] {
  const { maxLengthSeconds, inactivitySeconds, endWhenUnreachableSeconds, idleWarningSeconds } = policy
  return [
    policy.recordKeys ? 'keys are recorded' : 'keys are not recorded',
    policy.recordingRequired && 'runs only while it is recorded',
    inactivitySeconds && `ends after ${seconds(inactivitySeconds)} without a key`,
    inactivitySeconds && idleWarningSeconds && `warns ${seconds(Math.min(idleWarningSeconds, inactivitySeconds / 2))} before`,
    maxLengthSeconds && `ends after ${seconds(maxLengthSeconds)}`,
    endWhenUnreachableSeconds && `ends when the server is out of reach for ${seconds(endWhenUnreachableSeconds)}`,
  ].filter((fact) => typeof fact === 'string')
}

/** What was set; 0 is never. */
export function policyChangeText(change: Change): string {
  const time = (name: string, s: number | null) => s !== null && `${name}: ${s === 0 ? 'never' : seconds(s)}`
  return [
    change.recordKeys !== null && `record keys: ${change.recordKeys ? 'yes' : 'no'}`,
    time('ends after inactivity', change.inactivitySeconds),
    time('warns before', change.idleWarningSeconds),
    time('longest time', change.maxLengthSeconds),
    time('server out of reach', change.endWhenUnreachableSeconds),
  ]
    .filter((part) => typeof part === 'string')
    .join(', ')
}
