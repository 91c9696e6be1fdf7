import type { MomentDetailQuery } from '../../gql/graphql'
import { formatBytes } from '../../lib/format'
import { formatDuration } from '../../lib/time'
import type { Moment } from './pages'

/** One thing that is known of a moment. `code` is text of the recording. */
export type Known = { name: string; value: string; isCode?: boolean }

export type Detail = MomentDetailQuery

/** The event that brought a moment to light, by the id of the moment. */
export const eventIdOf = ({ id }: Moment): string => `event:${id.split('.', 1)[0] ?? ''}`

/** All that is known of a moment, most telling first: of itself, and of its event once that is there. */
export function knownOf(moment: Moment, detail: Detail | undefined): Known[] {
  const event = detail?.node && 'data' in detail.node ? detail.node : undefined
  const data = (event?.data ?? {}) as Record<string, unknown>
  const window = detail?.session?.window.nodes[0]
  const known = [
    ...ofKind(moment, data),
    text('Exit status', moment.exitStatus),
    text('Ran for', moment.durationMs === null ? null : formatDuration(moment.durationMs)),
    code('Directory', moment.cwd),
    text('Window', moment.kind === 'WINDOW' ? null : window?.text),
    text('Recorded by', event?.source),
  ]
  return known.filter((one) => one !== undefined)
}

function ofKind(moment: Moment, data: Record<string, unknown>): (Known | undefined)[] {
  const { kind, app } = moment
  switch (kind) {
    case 'KEYS':
      return keysOf(moment)
    case 'COMMAND':
      return [code('Command', moment.text), code('Program', app)]
    case 'PROCESS':
      return processOf(moment, data)
    case 'WINDOW':
      return [text('Title', moment.text), code('Program', data.process ?? app), text('Process id', data.pid)]
    case 'FILE':
      return [code('Path', data.path ?? moment.text), text('Size', bytes(data.bytes)), text('Direction', direction(app))]
    case 'CLIPBOARD':
      return [code('Copied', moment.text), text('Kind', data.mediaType), text('Direction', direction(app))]
    case 'MESSAGE':
      return [text('Message', moment.text)]
    case 'MARKER':
      return [text('Marker', moment.text)]
    case 'SCREEN':
      return [code('Line', moment.text)]
    case 'CHANGE':
      return [text('What', 'Much of the screen changed at once')]
  }
}

/** Keys that edited a line are told as what they made of it, and below as they were typed. */
function keysOf({ text: keys, app }: Moment): (Known | undefined)[] {
  const cut = keys.indexOf('\n')
  if (cut === -1) return [code('Typed', keys), code('Program', app)]
  return [code('As edited', keys.slice(0, cut)), code('As typed', keys.slice(cut + 1)), code('Program', app)]
}

function processOf({ text: process }: Moment, data: Record<string, unknown>): (Known | undefined)[] {
  const [line = '', user] = process.split('\n')
  const given = Array.isArray(data.arguments) ? data.arguments.slice(1).map(String) : undefined
  return [
    code('Path', data.path ?? line.split(' ', 1)[0]),
    code('Arguments', given ? given.join('\n') : line.split(' ').slice(1).join(' ')),
    text('User', data.user ?? user),
    text('Process id', data.pid),
    text('Started by process', data.parentPid),
  ]
}

const direction = (app: string | null) => (app === 'in' ? 'into the session' : app === 'out' ? 'out of the session' : null)
const bytes = (value: unknown) => (typeof value === 'number' ? formatBytes(value) : null)

/** What is not known is left out; a process id of 0 is not known either. */
function text(name: string, value: unknown): Known | undefined {
  if (value === null || value === undefined || value === '') return undefined
  return name === 'Process id' && value === 0 ? undefined : { name, value: String(value) }
}

function code(name: string, value: unknown): Known | undefined {
  const known = text(name, value)
  return known && { ...known, isCode: true }
}
