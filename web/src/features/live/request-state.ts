import { formatDuration } from '../../lib/time'
import type { Request } from './use-session-control'

/**
 * asked:     it stands in the log, and no recorder has it yet
 * delivered: the recorder has it
 * done, refused: what the recorder answered
 * silent:    the recorder has said nothing for long
 * unanswered: the session ended without an answer
 */
export type RequestPhase = 'asked' | 'delivered' | 'done' | 'refused' | 'silent' | 'unanswered'
export type RequestState = { phase: RequestPhase; words: string }

/** A recorder that is there answers within a second or two. */
export const silentAfterMs = 10_000

export function requestState(request: Request, isActive: boolean, nowMs: number): RequestState {
  const { answer, isDelivered } = request
  if (answer) {
    const how = answer.detail ? `: ${answer.detail}` : ''
    return answer.done ? { phase: 'done', words: `Done${how}` } : { phase: 'refused', words: `Refused${how}` }
  }
  if (!isActive) return { phase: 'unanswered', words: 'The session ended without an answer' }
  const waitedMs = nowMs - Date.parse(request.at)
  if (waitedMs > silentAfterMs) {
    const since = formatDuration(Math.floor(waitedMs / 1000) * 1000)
    const words = isDelivered
      ? `Delivered, and no answer for ${since}`
      : `No answer for ${since}: the recorder is not connected. It is told when it is back`
    return { phase: 'silent', words }
  }
  return isDelivered
    ? { phase: 'delivered', words: 'Delivered, waiting for the answer' }
    : { phase: 'asked', words: 'Asked, waiting for the recorder' }
}
