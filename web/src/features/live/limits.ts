import type { SessionControlState } from './use-session-control'

type Given = {
  policy: NonNullable<SessionControlState>['policyInForce'] | undefined
  durationMs: number
  /** When a key was pressed last. */
  lastKeyMs: number | undefined
  /** When the recorder said that it ends the session. */
  endsAtMs: number | undefined
}

export type Limit = { kind: 'inactivity' | 'length'; leftMs: number }

/** The end by the longest time is told so long before. */
const lengthWarnedMs = 5 * 60_000

/** The limits of time that a session is about to reach. The recorder keeps to them by its own clock. */
export function limitsOf({ policy, durationMs, lastKeyMs, endsAtMs }: Given): Limit[] {
  const limits: Limit[] = []
  const idleEndMs = endsAtMs ?? idleEndOf(policy, durationMs, lastKeyMs)
  if (idleEndMs !== undefined) limits.push({ kind: 'inactivity', leftMs: Math.max(0, idleEndMs - durationMs) })
  if (policy?.maxLengthSeconds) {
    const leftMs = policy.maxLengthSeconds * 1000 - durationMs
    if (leftMs <= lengthWarnedMs) limits.push({ kind: 'length', leftMs: Math.max(0, leftMs) })
  }
  return limits
}

/** When it ends for inactivity, once that is as near as the policy says that a person is warned. */
function idleEndOf(policy: Given['policy'], durationMs: number, lastKeyMs: number | undefined): number | undefined {
  // Without keys in the recording nobody here knows when somebody typed: the recorder says so.
  if (!policy?.inactivitySeconds || !policy.recordKeys) return undefined
  const warnedMs = Math.min(policy.idleWarningSeconds ?? 0, policy.inactivitySeconds / 2) * 1000
  const endMs = (lastKeyMs ?? 0) + policy.inactivitySeconds * 1000
  return endMs - durationMs <= warnedMs ? endMs : undefined
}
