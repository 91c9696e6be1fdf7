import type { RetentionQuery, SessionRetentionFragment, SessionState } from '../../gql/graphql'
import { formatBytes, formatCount, plural } from '../../lib/format'

/** What is due is counted for so many days ahead. */
export const soonDays = 30

type Named = { name: string; value: string }

/** Whether the settings let anything go at all: each of them is 0, or has exceptions of 0 only. */
export function purgesNothing(settings: readonly Named[]): boolean {
  const periods = settings.filter(({ name }) => name.startsWith('retention.') && name !== 'retention.grace_s')
  return !periods.some(({ value }) => value.split(';').some((rule) => /^\s*0*[1-9]/.test(rule)))
}

type Counts = Pick<RetentionQuery['retention'], 'due' | 'soon' | 'dueOnHold'>

/** What the settings do to what was recorded, now and soon, in a sentence. */
export function retentionSentence(isAllKept: boolean, { due, soon, dueOnHold }: Counts): string {
  if (isAllKept) return 'Nothing is purged: recordings are kept for ever.'
  const now = due === 0 ? 'No recording is due' : `${plural(due, 'recording')} ${due === 1 ? 'is' : 'are'} due`
  const later = soon === 0 ? 'none' : formatCount(soon)
  const held =
    dueOnHold === 0 ? '' : ` Legal holds keep ${formatCount(dueOnHold)} more that would go by then.`
  return `${now}, ${later} within ${soonDays} days.${held}`
}

type Purgeable = Pick<SessionRetentionFragment, 'onHold'> & { state: SessionState }

/** Why a recording cannot be purged now, to somebody who might. */
export function whyNotPurged({ state, onHold }: Purgeable): string | undefined {
  if (onHold) return 'It cannot be purged while it is on legal hold: every hold on it has to be lifted first.'
  if (state === 'ACTIVE') return 'It cannot be purged while it goes on.'
  return undefined
}

/** What a hold is for. */
export const matterWords = (matter: string) => matter || 'No matter named'

type Destroyed = { events: number | null; blobs: number | null; bytes: number | null }

/** How much went: what was counted of it. */
export function destroyedWords({ events, blobs, bytes }: Destroyed): string {
  const parts = [
    ...(events === null ? [] : [plural(events, 'event')]),
    ...(blobs ? [`${plural(blobs, 'segment or screenshot', 'segments and screenshots')}${bytes === null ? '' : ` of ${formatBytes(bytes)}`}`] : []),
  ]
  return parts.join(' and ') || 'Nobody counted how much'
}

/** Where nobody purged it but the settings, the server says so by this name. */
const bySettings = 'retention'
export const purgedBy = (by: string) => (by === bySettings ? 'the retention settings' : by)

/** The word that has to be typed before a recording is purged. */
export const purgeWord = 'purge'

export const isWord = (typed: string, word: string) => typed.trim().toLowerCase() === word

/** Whether a number was typed, however its digits are grouped: `1204`, `1,204`, `1 204`. */
export const isNumber = (typed: string, number: number) => typed.replace(/[\s,.'’_]/g, '') === String(number)
