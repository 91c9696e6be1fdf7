import { expect, test } from 'vitest'
import { momentOf } from '../../test/moment'
import { nowAt, stretchAt, type NowAnswer } from './now'

const shell = momentOf({ kind: 'WINDOW', offsetMs: 500, text: 'shell' })
const editor = momentOf({ kind: 'WINDOW', offsetMs: 25_000, text: 'editor' })
const agent = momentOf({ kind: 'PROCESS', offsetMs: 100, text: '/usr/bin/agent' })
const sleep = momentOf({ kind: 'COMMAND', offsetMs: 21_000, text: 'sleep 3', durationMs: 3_000 })
const vim = momentOf({ kind: 'COMMAND', offsetMs: 26_000, text: 'vim a' })
const ls = momentOf({ kind: 'COMMAND', offsetMs: 30_000, text: 'ls' })
const typed = momentOf({ kind: 'KEYS', startMs: 22_000, offsetMs: 25_500, text: 'vim a' })
const answer: NowAnswer = {
  window: { nodes: [shell] },
  running: { nodes: [agent] },
  within: { nodes: [sleep, editor, typed, vim, ls] },
}

test('what goes on at a moment', () => {
  const cases = [
    [20_500, 'shell', ['/usr/bin/agent'], []],
    [22_500, 'shell', ['sleep 3', '/usr/bin/agent'], ['vim a']],
    [25_200, 'editor', ['/usr/bin/agent'], ['vim a']],
    // Its end was not seen: it is over when the next one begins.
    [29_000, 'editor', ['vim a', '/usr/bin/agent'], ['vim a']],
    [33_000, 'editor', ['ls', '/usr/bin/agent'], []],
  ] as const
  for (const [atMs, window, running, keys] of cases) {
    const now = nowAt(answer, atMs)
    const texts = (moments: { text: string }[]) => moments.map(({ text }) => text)
    expect([now.window?.text, texts(now.running), texts(now.keys)], `at ${atMs}`).toEqual([window, running, keys])
  }
})

test('stretches follow each other', () => {
  expect([0, 19_999, 20_000].map(stretchAt)).toEqual([0, 0, 20_000])
})
