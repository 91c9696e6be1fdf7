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
/** A large change of the screen has no text that could be searched. */
export const playerKinds = [...momentKinds, 'CHANGE'] as const satisfies readonly MomentKind[]
export const playerViews = ['video', 'terminal'] as const
export type PlayerView = (typeof playerViews)[number]
export const searchOrders = ['RELEVANCE', 'NEWEST'] as const satisfies readonly SearchOrder[]
export const sessionOrders = [
  'STARTED_DESC',
  'STARTED_ASC',
  'DURATION_DESC',
  'RECORDED_DESC',
] as const satisfies readonly SessionOrder[]
export const sessionStates = ['ACTIVE', 'ENDED'] as const satisfies readonly SessionState[]

export type SignInSearch = { to?: string; problem?: string }
export type FindSearch = {
  q?: string
  kinds?: MomentKind[]
  user?: string
  host?: string
  order?: SearchOrder
}
export type SessionsSearch = {
  text?: string
  user?: string
  host?: string
  protocol?: string
  state?: SessionState
  from?: string
  to?: string
  order?: SessionOrder
}
export type PlayerSearch = { t?: number; kinds?: MomentKind[]; view?: PlayerView }
export type LogSearch = { before?: string; session?: string }

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
  kinds: choicesParam(raw.kinds, momentKinds),
  user: textParam(raw.user),
  host: textParam(raw.host),
  order: choiceParam(raw.order, searchOrders),
})

export const readSessionsSearch = (raw: RawSearch): SessionsSearch => ({
  text: textParam(raw.text),
  user: textParam(raw.user),
  host: textParam(raw.host),
  protocol: textParam(raw.protocol),
  state: choiceParam(raw.state, sessionStates),
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

/** Every URL of the site is made here. */
export const paths = {
  find: (search: FindSearch = {}) => `/${stringifySearch(search)}`,
  sessions: (search: SessionsSearch = {}) => `/sessions${stringifySearch(search)}`,
  session: (id: string, search: PlayerSearch = {}) =>
    `/sessions/${encodeURIComponent(id)}${stringifySearch(search)}`,
  log: (search: LogSearch = {}) => `/log${stringifySearch(search)}`,
  signIn: (search: SignInSearch = {}) => `/sign-in${stringifySearch(search)}`,
  film: (session: string, ending: 'gif' | 'mp4' | 'webm') => `/v1/sessions/${session}/film.${ending}?download=1`,
  asciicast: (url: string, version: 2 | 3, download = false) =>
    `${url}${stringifySearch({ version, download: download ? 1 : undefined })}`,
  /** The same file, to keep. */
  download: (url: string) => `${url}${url.includes('?') ? '&' : '?'}download=1`,
}
