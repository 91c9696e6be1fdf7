import { trailKindNames, type TrailKind } from '../features/trail/kinds'
import type { MomentKind, SearchOrder, SessionOrder, SessionState } from '../gql/graphql'
import {
  choiceParam,
  choicesParam,
  offsetParam,
  positionParam,
  stringifySearch,
  textParam,
  type RawSearch,
} from './url-state'

export const momentKinds = ['COMMAND', 'KEYS', 'SCREEN', 'MARKER'] as const satisfies readonly MomentKind[]
/** All of them, in the order in which they are offered. A large change of the screen has no text that could be searched. */
export const playerKinds = [
  ...momentKinds,
  'PROCESS',
  'WINDOW',
  'CLIPBOARD',
  'FILE',
  'MESSAGE',
  'CHANGE',
] as const satisfies readonly MomentKind[]
export const playerViews = ['video', 'terminal', 'text'] as const
export type PlayerView = (typeof playerViews)[number]
export const searchOrders = ['RELEVANCE', 'NEWEST', 'OLDEST'] as const satisfies readonly SearchOrder[]
export const sessionOrders = [
  'STARTED_DESC',
  'STARTED_ASC',
  'DURATION_DESC',
  'RECORDED_DESC',
] as const satisfies readonly SessionOrder[]
export const sessionStates = ['ACTIVE', 'ENDED'] as const satisfies readonly SessionState[]

export const yesNo = ['yes', 'no'] as const
export type YesNo = (typeof yesNo)[number]

export type SignInSearch = { to?: string; problem?: string }
/** What is looked for, and where, stands in one text, in the language of `docs/search.md`. */
export type FindSearch = { q?: string; order?: SearchOrder }
export type SessionsSearch = {
  text?: string
  user?: string
  host?: string
  protocol?: string
  group?: string
  secret?: string
  folder?: string
  target?: string
  site?: string
  launcher?: string
  policy?: string
  state?: SessionState
  recorded?: YesNo
  gaps?: YesNo
  reviewed?: YesNo
  queue?: YesNo
  hold?: YesNo
  assignee?: string
  from?: string
  to?: string
  order?: SessionOrder
}
export type PlayerSearch = { t?: number; kinds?: MomentKind[]; view?: PlayerView }
export type LogSearch = { before?: string; session?: string }
export type SettingsSearch = { q?: string; changed?: 'yes' }
export type ReportsSearch = { report?: string; from?: string; to?: string }
export type TrailSearch = { by?: string; kinds?: TrailKind[]; from?: string; to?: string; session?: string }

/** Only paths of this site: `//other.example` and `https://…` would lead a person away after sign-in. */
export function localPath(value: unknown): string | undefined {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : undefined
}

export const readSignInSearch = (raw: RawSearch): SignInSearch => ({
  to: localPath(raw.to),
  problem: textParam(raw.problem),
})

export const readFindSearch = (raw: RawSearch): FindSearch => ({
  q: textParam(raw.q),
  order: choiceParam(raw.order, searchOrders),
})

export const readSessionsSearch = (raw: RawSearch): SessionsSearch => ({
  text: textParam(raw.text),
  user: textParam(raw.user),
  host: textParam(raw.host),
  protocol: textParam(raw.protocol),
  group: textParam(raw.group),
  secret: textParam(raw.secret),
  folder: textParam(raw.folder),
  target: textParam(raw.target),
  site: textParam(raw.site),
  launcher: textParam(raw.launcher),
  policy: textParam(raw.policy),
  state: choiceParam(raw.state, sessionStates),
  recorded: choiceParam(raw.recorded, yesNo),
  gaps: choiceParam(raw.gaps, yesNo),
  reviewed: choiceParam(raw.reviewed, yesNo),
  queue: choiceParam(raw.queue, yesNo),
  hold: choiceParam(raw.hold, yesNo),
  assignee: textParam(raw.assignee),
  from: textParam(raw.from),
  to: textParam(raw.to),
  order: choiceParam(raw.order, sessionOrders),
})

export const readPlayerSearch = (raw: RawSearch): PlayerSearch => ({
  t: offsetParam(raw.t),
  kinds: choicesParam(raw.kinds, playerKinds),
  view: choiceParam(raw.view, playerViews),
})

export const readLogSearch = (raw: RawSearch): LogSearch => ({
  before: positionParam(raw.before),
  session: textParam(raw.session),
})

export const readSettingsSearch = (raw: RawSearch): SettingsSearch => ({
  q: textParam(raw.q),
  changed: choiceParam(raw.changed, ['yes'] as const),
})

export const readTrailSearch = (raw: RawSearch): TrailSearch => ({
  by: textParam(raw.by),
  kinds: choicesParam(raw.kinds, trailKindNames),
  from: textParam(raw.from),
  to: textParam(raw.to),
  session: textParam(raw.session),
})

export const readReportsSearch = (raw: RawSearch): ReportsSearch => ({
  report: textParam(raw.report),
  from: textParam(raw.from),
  to: textParam(raw.to),
})

/** Every URL of the site is made here. */
export const paths = {
  find: (search: FindSearch = {}) => `/${stringifySearch(search)}`,
  sessions: (search: SessionsSearch = {}) => `/sessions${stringifySearch(search)}`,
  session: (id: string, search: PlayerSearch = {}) =>
    `/sessions/${encodeURIComponent(id)}${stringifySearch(search)}`,
  evidence: (id: string) => `/sessions/${encodeURIComponent(id)}/evidence`,
  ndjson: (session: string) => `/v1/sessions/${session}/ndjson`,
  /** The proof for the lines of the same size of the log. */
  ndjsonProof: (session: string, size: string) => `/v1/sessions/${session}/ndjson.proof${stringifySearch({ size })}`,
  footage: (session: string, blob: string) => `/v1/sessions/${session}/media/footage/${blob}`,
  /** The picture of a moment, at most so many pixels wide where that can be chosen. */
  still: (session: string, of: 'video' | 'terminal', atMs: number, width: number) =>
    `/v1/sessions/${session}/media/still${stringifySearch(of === 'video' ? { at_ms: atMs, width } : { at_ms: atMs, of })}`,
  log: (search: LogSearch = {}) => `/log${stringifySearch(search)}`,
  signIn: (search: SignInSearch = {}) => `/sign-in${stringifySearch(search)}`,
  film: (session: string, ending: 'gif' | 'mp4' | 'webm') => `/v1/sessions/${session}/film.${ending}?download=1`,
  asciicast: (url: string, version: 2 | 3, download = false) =>
    `${url}${stringifySearch({ version, download: download ? 1 : undefined })}`,
  /** The same file, to keep. */
  download: (url: string) => `${url}${url.includes('?') ? '&' : '?'}download=1`,
}
