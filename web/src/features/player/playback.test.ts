import { expect, test } from 'vitest'
import { startingAt, step, type Playback, type PlaybackEvent } from './playback'

const loaded: PlaybackEvent = { type: 'loaded', durationMs: 10_000, idles: [{ fromMs: 4_000, toMs: 8_000 }] }
const after = (start: Playback, ...events: PlaybackEvent[]) => events.reduce(step, start)
const opened = (t = 0) => after(startingAt(t, 10_000), loaded)

test('a linked moment is kept while the recording loads, and shown paused', () => {
  expect(opened(5_120)).toMatchObject({ phase: 'paused', positionMs: 5_120 })
  expect(opened(99_999)).toMatchObject({ phase: 'paused', positionMs: 10_000 })
})

test('what can be done in each phase', () => {
  const paused = opened(1_000)
  const playing = step(paused, { type: 'play' })
  const ended = step({ ...playing, positionMs: 9_990 }, { type: 'tick', elapsedMs: 50 })
  const cases: [string, Playback, PlaybackEvent, Partial<Playback>][] = [
    ['loading does not play', startingAt(0, 10_000), { type: 'play' }, { phase: 'loading' }],
    ['loading seeks', startingAt(0, 10_000), { type: 'seek', toMs: 500 }, { phase: 'loading', positionMs: 500 }],
    ['paused does not move', paused, { type: 'tick', elapsedMs: 50 }, { positionMs: 1_000 }],
    ['playing moves', playing, { type: 'tick', elapsedMs: 50 }, { phase: 'playing', positionMs: 1_050 }],
    ['playing toggles', playing, { type: 'toggle' }, { phase: 'paused' }],
    ['seeking goes on playing', playing, { type: 'seek', toMs: 3_000 }, { phase: 'playing', positionMs: 3_000 }],
    ['opening a moment pauses', playing, { type: 'open', atMs: 3_000 }, { phase: 'paused', positionMs: 3_000 }],
    ['seeking before the start', paused, { type: 'seek', toMs: -1 }, { positionMs: 0 }],
    ['seeking behind the end', paused, { type: 'seek', toMs: 99_999 }, { positionMs: 10_000, phase: 'paused' }],
    ['the end', ended, { type: 'pause' }, { phase: 'ended', positionMs: 10_000 }],
    ['playing after the end starts over', ended, { type: 'toggle' }, { phase: 'playing', positionMs: 0 }],
    ['seeking after the end stands there', ended, { type: 'seek', toMs: 7 }, { phase: 'paused', positionMs: 7 }],
    ['a failure', paused, { type: 'failed' }, { phase: 'failed' }],
    ['a failure is overcome by loading', step(paused, { type: 'failed' }), loaded, { phase: 'paused' }],
  ]
  for (const [name, state, event, want] of cases) expect(step(state, event), name).toMatchObject(want)
})

test('speed and the skipping of idle time', () => {
  const playing = after(opened(3_900), { type: 'play' })
  expect(after(playing, { type: 'setSpeed', speed: 4 }, { type: 'tick', elapsedMs: 20 }).positionMs).toBe(3_980)
  expect(after(playing, { type: 'tick', elapsedMs: 150 }).positionMs).toBe(8_050)
  const slow = after(playing, { type: 'setSkipsIdle', skipsIdle: false }, { type: 'tick', elapsedMs: 150 })
  expect(slow.positionMs).toBe(4_050)
})

test('what plays by itself says where it is', () => {
  const playing = after(opened(1_000), { type: 'play' })
  const cases: [string, Playback, number, Partial<Playback>][] = [
    ['it moves', playing, 1_040, { phase: 'playing', positionMs: 1_040 }],
    ['into an idle stretch', playing, 4_001, { positionMs: 8_000 }],
    ['into it, with skipping off', after(playing, { type: 'setSkipsIdle', skipsIdle: false }), 4_001, { positionMs: 4_001 }],
    ['to the end', playing, 10_000, { phase: 'ended', positionMs: 10_000 }],
    ['while paused', opened(1_000), 1_040, { phase: 'paused', positionMs: 1_000 }],
  ]
  for (const [name, state, atMs, want] of cases) {
    expect(step(state, { type: 'arrive', atMs }), name).toMatchObject(want)
  }
  expect(step(playing, { type: 'arrive', atMs: 1_000 })).toBe(playing)
})

test('paused at the very end, play starts over', () => {
  expect(after(opened(10_000), { type: 'play' })).toMatchObject({ phase: 'playing', positionMs: 0 })
})

test('who follows what goes on stays at its end, until they go elsewhere, and comes to rest when it ends', () => {
  const grow = (durationMs: number): PlaybackEvent => ({ type: 'loaded', durationMs, idles: [], isGrowing: true })
  const at = (events: PlaybackEvent[]) => {
    const { phase, positionMs, isFollowing } = events.reduce(step, startingAt(0, 1000))
    return [phase, positionMs, isFollowing]
  }
  const followed = [grow(1000), { type: 'follow' }, grow(2000)] satisfies PlaybackEvent[]
  const cases: [PlaybackEvent[], unknown[]][] = [
    [[], ['playing', 2000, true]],
    [[{ type: 'tick', elapsedMs: 500 }, grow(3000)], ['playing', 3000, true]],
    [[{ type: 'seek', toMs: 500 }, grow(3000)], ['playing', 500, false]],
    [[{ type: 'pause' }, grow(3000)], ['paused', 2000, false]],
    [[{ type: 'open', atMs: 100 }], ['paused', 100, false]],
    // It catches up, and stays there.
    [[{ type: 'seek', toMs: 1900 }, { type: 'tick', elapsedMs: 200 }, grow(3000)], ['playing', 3000, true]],
    [[{ type: 'pause' }, { type: 'play' }, grow(3000)], ['playing', 3000, true]],
    [[{ type: 'loaded', durationMs: 2500, idles: [] }], ['ended', 2500, false]],
  ]
  for (const [then, expected] of cases) expect(at([...followed, ...then]), JSON.stringify(then)).toEqual(expected)
  expect(at([{ type: 'loaded', durationMs: 1000, idles: [] }, { type: 'follow' }])).toEqual(['paused', 0, false])
})
