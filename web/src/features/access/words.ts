import type { AccessRight, Role } from '../../gql/graphql'
import { formatDay } from '../../lib/time'

export const roleNames: Record<Role, string> = {
  ADMIN: 'Administrator',
  AUDITOR: 'Auditor',
  OPERATOR: 'Operator',
  HISTORY: 'History',
  OWN: 'Own sessions',
  REVEALER: 'Revealer',
  SIEM: 'SIEM',
  RECORDER: 'Recorder',
  UPLOAD: 'Upload',
}

export const roleHelp: Record<Role, string> = {
  ADMIN: 'Everything that people do.',
  AUDITOR: 'Looks at sessions and recordings, reviews them, puts them on legal hold, and sees how the server is set up.',
  OPERATOR: 'Sees which sessions there are, and rules over those that go on. Sees no recordings.',
  HISTORY: 'Sees which sessions took place, and no recordings.',
  OWN: 'Sees their own sessions, and the recordings of them.',
  REVEALER: 'Shows what is redacted, to somebody who may see the rest.',
  SIEM: 'Reads the log as a whole, for a SIEM.',
  RECORDER: 'Launches sessions and records them. Reads nothing.',
  UPLOAD: 'Uploads to one session, and nothing else.',
}

export const rightNames: Record<AccessRight, string> = {
  VIEW_SESSIONS: 'see that sessions took place',
  VIEW_RECORDINGS: 'see what happened in them',
  REVEAL: 'reveal what is redacted',
  CONTROL: 'end sessions and send messages',
  REVIEW: 'review and comment',
  REDACT: 'redact',
  HOLD: 'place and lift legal holds',
  PURGE: 'purge recordings',
  READ_LOG: 'read the whole log',
  VIEW_SETTINGS: 'see settings, access and the audit trail',
  CHANGE_SETTINGS: 'change settings',
  MANAGE_ACCESS: 'give and take back access',
}

export const roleChoices = Object.keys(roleNames) as Role[]

type Scope = {
  folders: readonly string[]
  from?: string | null
  groups: readonly string[]
  own: boolean
  sites: readonly string[]
  targets: readonly string[]
  to?: string | null
}

/** A scope as a line: `folder prod/db; site north`. */
export function scopeText(scope: Scope): string {
  const named = (one: string, values: readonly string[]) =>
    values.length > 0 ? [`${one}${values.length > 1 ? 's' : ''} ${values.join(', ')}`] : []
  const parts = [
    ...(scope.own ? ['their own'] : []),
    ...named('folder', scope.folders),
    ...named('group', scope.groups),
    ...named('site', scope.sites),
    ...named('target', scope.targets),
    ...(scope.from ? [`from ${formatDay(scope.from)}`] : []),
    ...(scope.to ? [`before ${formatDay(scope.to)}`] : []),
  ]
  return parts.join('; ') || 'All sessions'
}

/** The parts of a field in which several names may stand, divided by commas. */
export function namesOf(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
