import { plural } from '../../lib/format'

/** What an event says, as the server wrote it: never trusted to have any shape. */
type Data = Record<string, unknown>

const text = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
const list = (value: unknown): string => (Array.isArray(value) ? value.map(text).join(', ') : text(value))
const quoted = (value: unknown) => `“${text(value)}”`
const count = (value: unknown, one: string) => plural(Number(value ?? 0), one)

const sentences: Record<string, (data: Data) => string> = {
  'recording.viewed': ({ what, looks }) => `saw ${list(what) || 'a recording'}${more(looks)}`,
  'records.viewed': ({ what, looks }) => `saw lists of ${list(what)}${more(looks)}`,
  'redaction.revealed': ({ what, looks }) => `revealed what is redacted in ${list(what)}${more(looks)}`,
  'recording.downloaded': ({ object }) => `took ${text(object)} as a file`,
  'events.exported': ({ format, firstPosition, lastPosition, looks }) =>
    `read events ${text(firstPosition)} to ${text(lastPosition)} by ${text(format)}${more(looks)}`,
  'search.performed': ({ text: words, hits, filter }) =>
    `searched for ${quoted(words)}${filter ? ` with ${text(filter)}` : ''}: ${count(hits, 'hit')}`,
  'sql.run': ({ text: question, rows }) => `asked in SQL ${quoted(question)}: ${count(rows, 'row')}`,
  'access.denied': ({ object, right, looks }) =>
    `was refused ${text(object)}${right ? `, which needs the right ${text(right)}` : ''}${more(looks)}`,
  'auth.denied': ({ reason, count: times }) =>
    `was turned away: ${text(reason)}${times ? `, ${count(times, 'time')}` : ''}`,
  'auth.succeeded': ({ method, session }) =>
    session ? `signed a browser in by ${text(method) || 'token'}` : 'used a token',
  'auth.ended': ({ session }) => `signed out the browser ${text(session)}`,
  'config.changed': ({ setting, old, new: next }) => `set ${text(setting)} from ${shown(old)} to ${shown(next)}`,
  'token.created': ({ name, role }) => `created the token ${quoted(name)} with the role ${text(role) || 'admin'}`,
  'token.revoked': ({ id }) => `revoked the token ${text(id)}`,
  'grant.given': ({ to, role }) => `gave ${text(to)} the role ${text(role)}`,
  'grant.withdrawn': ({ id }) => `withdrew the grant ${text(id)}`,
  'session.terminate_requested': () => 'asked for its end',
  'session.message_sent': ({ text: words }) => `sent the message ${quoted(words)}`,
  'session.policy_set': () => 'changed its policy',
  'video.requested': ({ mediaType }) => `asked for a video (${text(mediaType)})`,
  'session.reviewed': ({ comment }) => `marked it as reviewed${comment ? `: ${quoted(comment)}` : ''}`,
  'session.review_reopened': () => 'opened its review again',
  'session.commented': ({ text: words }) => `commented ${quoted(words)}`,
  'session.assigned': ({ to }) => (to ? `gave it to ${text(to)} to review` : 'took its reviewer away'),
  'redaction.added': ({ what, from, to }) => `redacted ${text(what) || 'all'} from ${text(from)} to ${text(to)}`,
  'redaction.lifted': ({ id }) => `lifted the redaction ${text(id)}`,
  'hold.placed': ({ matter }) => `placed it on legal hold${matter ? ` for ${quoted(matter)}` : ''}`,
  'hold.released': ({ matter }) => `lifted its legal hold${matter ? ` for ${quoted(matter)}` : ''}`,
  'retention.archived': ({ location }) => `moved it to ${text(location)}`,
  'retention.purged': ({ events }) =>
    `destroyed its content${events === undefined || events === null ? '' : `: ${count(events, 'event')}`}`,
  'report.run': ({ name, schedule }) =>
    `ran the report ${quoted(name)}${schedule ? ` by the schedule ${quoted(schedule)}` : ''}`,
  'report.scheduled': ({ name, report, every }) =>
    `scheduled the report ${quoted(report)} for each ${text(every)} as ${quoted(name)}`,
  'report.unscheduled': ({ name }) => `removed the schedule ${quoted(name)}`,
}

function more(looks: unknown): string {
  return looks ? `, and ${count(looks, 'more look')} since` : ''
}

const shown = (value: unknown) => (value === '' ? 'nothing' : text(value))

/** What somebody did, to go on behind their name. Of what is gone, or not known here, the type of the event. */
export function describe(type: string, data: unknown): string {
  if (typeof data !== 'object' || data === null) return type
  return sentences[type]?.(data as Data) ?? type
}

/** Where they were, and why they did it, in their words. */
export function circumstancesOf(type: string, data: unknown): { address: string; reason: string } {
  const { address, reason } = (typeof data === 'object' && data !== null ? data : {}) as Data
  // The reason of a denial is the server's, and in the sentence.
  return { address: text(address), reason: type === 'auth.denied' ? '' : text(reason) }
}
