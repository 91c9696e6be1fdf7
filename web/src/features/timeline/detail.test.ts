import { expect, test } from 'vitest'
import { momentOf } from '../../test/moment'
import { eventIdOf, knownOf, type Detail } from './detail'
import type { Moment } from './pages'
import { asPrefix } from './use-found'

const told = (moment: Partial<Moment>, data?: unknown, window?: string) => {
  const detail: Detail | undefined = data
    ? {
        node: { position: '7', type: 't', source: 'agent', data, redacted: false },
        session: { window: { nodes: window ? [{ text: window, app: null }] : [] } },
      }
    : undefined
  return Object.fromEntries(knownOf(momentOf(moment), detail).map(({ name, value }) => [name, value]))
}

test('a command says where it ran, how it ended and how long it took', () => {
  const command = { kind: 'COMMAND', text: 'make all', app: 'make', cwd: '~/x', exitStatus: 2, durationMs: 1_500 } as const
  expect(told(command)).toEqual({
    Command: 'make all',
    Program: 'make',
    'Exit status': '2',
    'Ran for': '2 s',
    Directory: '~/x',
  })
})

test('keys are told as edited and as typed where they differ', () => {
  expect(told({ kind: 'KEYS', text: 'grep x\ngerp⌫⌫⌫rep x' })).toEqual({ 'As edited': 'grep x', 'As typed': 'gerp⌫⌫⌫rep x' })
  expect(told({ kind: 'KEYS', text: 'ls -l' })).toEqual({ Typed: 'ls -l' })
})

test('of a process its event says all, and until it is there the moment says most', () => {
  const process = { kind: 'PROCESS', text: '/usr/bin/vim a b\nroot', app: 'vim', exitStatus: 0 } as const
  expect(told(process)).toEqual({ Path: '/usr/bin/vim', Arguments: 'a b', User: 'root', 'Exit status': '0' })
  const data = { path: '/usr/bin/vim', arguments: ['vim', 'a b'], pid: 71, parentPid: 70, user: 'root' }
  expect(told(process, data, 'ops@db1')).toEqual({
    Path: '/usr/bin/vim',
    Arguments: 'a b',
    User: 'root',
    'Process id': '71',
    'Started by process': '70',
    'Exit status': '0',
    Window: 'ops@db1',
    'Recorded by': 'agent',
  })
  expect(told(process, { ...data, pid: 0 })).not.toHaveProperty('Process id')
})

test('the event of a moment is known by its id', () => {
  expect(eventIdOf(momentOf({ id: '81234.2' }))).toBe('event:81234')
})

test('a word that is being typed is looked for by its beginning, and a question is left as it is', () => {
  const cases: [string, string][] = [
    ['basalt', 'basalt*'],
    [' git comm ', 'git comm*'],
    ['x', 'x'],
    ['"git commit"', '"git commit"'],
    ['kind:keys ls', 'kind:keys ls'],
    ['marl*', 'marl*'],
    ['', ''],
  ]
  for (const [words, want] of cases) expect(asPrefix(words), words).toBe(want)
})
