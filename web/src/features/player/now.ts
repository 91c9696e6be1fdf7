import type { NowQuery } from '../../gql/graphql'
import type { Moment } from '../timeline/pages'

/** What is known of a stretch of a session, and of what went on when it began. */
export type NowAnswer = NonNullable<NowQuery['session']>

/** What goes on at one moment. */
export type Now = { window: Moment | undefined; running: Moment[]; keys: Moment[] }

export const nowStretchMs = 20_000
/** Of keys that are still being typed the end lies behind the stretch. */
export const nowAheadMs = 10_000
/** For so long keys are shown after they were typed. */
const keysShownMs = 6_000
const keysShown = 3

export const stretchAt = (atMs: number): number => Math.floor(atMs / nowStretchMs) * nowStretchMs

export function nowAt(answer: NowAnswer, atMs: number): Now {
  const within = answer.within.nodes
  const before = (moment: Moment) => moment.offsetMs <= atMs
  const windows = [...answer.window.nodes, ...within.filter(({ kind }) => kind === 'WINDOW')]
  const begun = [...answer.running.nodes, ...within].filter(before)
  const lastCommand = begun.findLast(({ kind }) => kind === 'COMMAND')
  return {
    window: windows.findLast(before),
    running: begun.filter((moment) => runsAt(moment, atMs, lastCommand)).toReversed(),
    keys: within
      .filter(({ kind, startMs, offsetMs }) => kind === 'KEYS' && startMs <= atMs && atMs - offsetMs < keysShownMs)
      .slice(-keysShown),
  }
}

/** Of a command whose end was not seen it is known that it is over when the next one begins. */
function runsAt(moment: Moment, atMs: number, lastCommand: Moment | undefined): boolean {
  if (moment.kind !== 'COMMAND' && moment.kind !== 'PROCESS') return false
  if (moment.durationMs !== null) return atMs < moment.offsetMs + moment.durationMs
  return moment.kind === 'PROCESS' || moment.id === lastCommand?.id
}
