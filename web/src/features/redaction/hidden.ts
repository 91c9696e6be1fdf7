import type { PlayedSession } from '../player/use-session'

export type Redaction = PlayedSession['redactions'][number]

const ruleNames: Record<string, string> = {
  unechoed: 'password',
  prompt: 'password',
  pattern: 'secret',
}

/** What is hidden, in a word or in the words of who hides it. */
export const hiddenName = ({ rule, reason }: Redaction): string =>
  rule === null ? reason : (ruleNames[rule] ?? 'secret')

/** The end of a span is cut to whole milliseconds, where that of a moment is rounded up. */
const cutMs = 1

/** The redactions that are in force. */
export const inForce = (redactions: readonly Redaction[]): Redaction[] =>
  redactions.filter(({ liftedBy }) => liftedBy === null)

/** Those in force at some time of a stretch, both ends included. */
export function hiddenWithin(redactions: readonly Redaction[], fromMs: number, toMs: number): Redaction[] {
  return inForce(redactions).filter((span) => span.fromMs <= toMs && span.toMs + cutMs >= fromMs)
}

/** What to say of something that is masked: redactions of rules are told a little later than what they hide. */
export function hiddenLabel(redactions: readonly Redaction[], fromMs: number, toMs: number): string {
  const names = new Set(hiddenWithin(redactions, fromMs, toMs).map(hiddenName))
  return names.size === 0 ? 'hidden' : `hidden: ${[...names].join(', ')}`
}
