import { describe, expect, it } from 'vitest'
import { backOffMs } from '../../lib/back-off'
import { limitsOf } from './limits'
import { LiveCast, type LiveEvent } from './live-cast'
import { LiveDelay, LiveEdge } from './live-edge'
import { policyChangeText, policyFacts } from './policy-text'
import { requestState } from './request-state'
import { withMore } from './use-live-moments'
import type { Request } from './use-session-control'
import { momentOf } from '../../test/moment'

const startedAt = '2026-11-21T09:30:00.000500Z'

function event(position: number, at: string, type: string, data: object): LiveEvent {
  return { position: String(position), type, at: `2026-11-21T09:30:${at}Z`, recordedAt: `2026-11-21T09:30:${at}Z`, data, redacted: false }
}

const written = (position: number, at: string, text: string) => event(position, at, 'terminal.written', { text })

function recording(): LiveCast {
  const cast = { columns: 80, rows: 24, events: [[1000, 'o', 'a'] as const], durationMs: 1000 }
  return new LiveCast(cast, '9', startedAt, 2000)
}

describe('a recording that grows', () => {
  it('takes each event once, however pages overlap after a connection broke', () => {
    const live = recording()
    live.take([written(9, '01.000500', 'a'), written(10, '01.500500', 'b')], '10')
    live.take([written(10, '01.500500', 'b'), written(12, '02.000000', 'c')], '14')
    expect(live.take([written(14, '02.500000', 'd')], '13')).toEqual([])
    expect(live.cast.events.map(([, , text]) => text)).toEqual(['a', 'b', 'c'])
    expect(live.after).toBe('14')
  })

  it('cuts times to the milliseconds of the file, which counts from the start to the microsecond', () => {
    const live = recording()
    live.take([written(10, '01.501499', 'b'), written(11, '01.501500', 'c')], '11')
    expect(live.cast.events.map(([atMs]) => atMs)).toEqual([1000, 1500, 1501])
  })

  it('never runs backwards, whatever the clocks of two recorders say', () => {
    const live = recording()
    live.take([written(10, '05.000500', 'b'), written(11, '03.000500', 'c')], '11')
    expect(live.cast.events.map(([atMs]) => atMs)).toEqual([1000, 5000, 5000])
    expect(live.cast.durationMs).toBe(5000)
  })

  it('knows what was idle once something comes after it, and when a key was pressed', () => {
    const live = recording()
    live.take([event(10, '09.000500', 'keys.typed', { text: 'x' }), written(11, '09.100500', 'x')], '11')
    expect(live.idles).toEqual([{ fromMs: 3000, toMs: 9000 }])
    expect(live.lastKeyMs).toBe(9000)
    expect(live.visibleMs).toEqual([1000, 9100])
  })

  it('draws nothing of events that it does not know', () => {
    const live = recording()
    const others = [event(10, '02.000500', 'session.idle_warned', { endsInS: 5 }), event(11, '03.000500', 'terminal.resized', { columns: 100, rows: 30 })]
    expect(live.take(others, '11')).toHaveLength(2)
    expect(live.cast.events.at(-1)).toEqual([3000, 'r', '100x30'])
    expect(live.cast.events).toHaveLength(2)
  })
})

describe('the end of what goes on', () => {
  it('moves on with time, jumps to what comes, and never back', () => {
    let nowMs = 100
    const edge = new LiveEdge(() => nowMs)
    edge.reached(5_000)
    expect(edge.now()).toBe(5_000)
    nowMs += 700
    expect(edge.now()).toBe(5_700)
    edge.reached(5_200)
    expect(edge.now()).toBe(5_700)
    edge.reached(9_000)
    expect(edge.now()).toBe(9_000)
  })

  it('is as late as the recorder, the way, and what makes one way longer than the quickest', () => {
    const delay = new LiveDelay()
    // This browser's clock is an hour behind: that is no delay.
    const hour = 3_600_000
    expect(delay.of({ atMs: 0, recordedMs: 300, arrivedMs: 350 - hour, oneWayMs: 40 })).toBe(340)
    expect(delay.of({ atMs: 1_000, recordedMs: 1_200, arrivedMs: 1_850 - hour, oneWayMs: 40 })).toBe(840)
    expect(delay.of({ atMs: 9_000, recordedMs: 8_000, arrivedMs: 8_050 - hour, oneWayMs: 40 })).toBe(40)
  })
})

it('waits longer for each try, up to a limit, and never the same for all', () => {
  expect([0, 1, 2, 5, 9, 500].map((tries) => backOffMs(tries, () => 0))).toEqual([500, 1000, 2000, 15_000, 15_000, 15_000])
  expect(backOffMs(1, () => 1)).toBe(667)
})

describe('limits of time', () => {
  const policy = {
    name: 'p',
    recordKeys: true,
    recordingRequired: false,
    endWhenUnreachableSeconds: null,
    maxLengthSeconds: 3600,
    inactivitySeconds: 600,
    idleWarningSeconds: 120,
  }
  const cases = [
    ['nothing is near', {}, 1_000_000, 900_000, undefined, []],
    ['nobody types', {}, 1_000_000, 500_000, undefined, [['inactivity', 100_000]]],
    ['the recorder has said so', {}, 700_000, 690_000, 760_000, [['inactivity', 60_000]]],
    ['keys are not recorded', { recordKeys: false }, 1_000_000, undefined, undefined, []],
    ['the longest time', {}, 3_400_000, 3_390_000, undefined, [['length', 200_000]]],
    ['over, and the recorder is slow', {}, 3_700_000, 3_690_000, undefined, [['length', 0]]],
    ['never', { maxLengthSeconds: null, inactivitySeconds: null }, 9_000_000, undefined, undefined, []],
  ] as const
  it.each(cases)('%s', (_, changed, durationMs, lastKeyMs, endsAtMs, expected) => {
    const limits = limitsOf({ policy: { ...policy, ...changed }, durationMs, lastKeyMs, endsAtMs })
    expect(limits.map(({ kind, leftMs }) => [kind, leftMs])).toEqual(expected)
  })

  it('a policy, and a change of one, are told in words', () => {
    expect(policyFacts(policy)).toEqual(['keys are recorded', 'ends after 10 min without a key', 'warns 2 min before', 'ends after 1 h'])
    const nothing = { recordKeys: null, endWhenUnreachableSeconds: null, maxLengthSeconds: null, inactivitySeconds: null, idleWarningSeconds: null }
    expect(policyChangeText({ ...nothing, recordKeys: false, maxLengthSeconds: 0 })).toBe('record keys: no, longest time: never')
  })
})

describe('what became of what was asked', () => {
  const asked: Request = {
    position: '1',
    at: '2026-11-21T09:30:00.000000Z',
    kind: 'MESSAGE',
    by: 'ops',
    reason: null,
    text: 'hello',
    isDelivered: false,
    policy: null,
    answer: null,
  }
  const answer = { at: asked.at, done: true, detail: null, source: 'recorder' }
  const at = Date.parse(asked.at)
  const cases = [
    [{}, true, 2_000, 'asked', 'Asked, waiting for the recorder'],
    [{ isDelivered: true }, true, 2_000, 'delivered', 'Delivered, waiting for the answer'],
    [{ isDelivered: true }, true, 65_400, 'silent', 'Delivered, and no answer for 1 min 5 s'],
    [{}, true, 12_000, 'silent', 'No answer for 12 s: the recorder is not connected. It is told when it is back'],
    [{ answer }, true, 2_000, 'done', 'Done'],
    [{ answer: { ...answer, done: false, detail: 'no terminal' } }, true, 2_000, 'refused', 'Refused: no terminal'],
    [{ isDelivered: true }, false, 2_000, 'unanswered', 'The session ended without an answer'],
  ] as const
  it.each(cases)('%j', (changed, isActive, afterMs, phase, words) => {
    expect(requestState({ ...asked, ...changed }, isActive, at + afterMs)).toEqual({ phase, words })
  })
})

it('moments stand in the order of time, each once, in whatever order they are found', () => {
  const moment = (id: string, offsetMs: number) => momentOf({ id, offsetMs, kind: 'KEYS' })
  const first = withMore([], [moment('a', 10), moment('c', 30)])
  const all = withMore(first, [moment('b', 20), moment('c', 30)])
  expect(all.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(withMore(all, [moment('a', 10)])).toBe(all)
})
