import { afterEach, expect, test } from 'vitest'
import { lookingHeaders, revealedUrls, setLooking } from '../../lib/looking'
import { stretchOf } from '../../ui/StretchFields'
import { clipAround, clipUrl, stillUrl } from './files'

afterEach(() => setLooking({}))

test('addresses of what is taken away', () => {
  expect(stillUrl('s1', 'video', 51_506)).toBe('/v1/sessions/s1/media/still?at_ms=51506&download=1')
  expect(stillUrl('s1', 'terminal', 7)).toBe('/v1/sessions/s1/media/still?at_ms=7&of=terminal&download=1')
  expect(clipUrl('s1', 'video', 'webm', 1, 2)).toBe('/v1/sessions/s1/media/video.webm?from_ms=1&until_ms=2&download=1')
  expect(clipUrl('s1', 'terminal', 'gif', 1, 2)).toBe('/v1/sessions/s1/film.gif?from_ms=1&to_ms=2&download=1')
})

test('a clip is around the moment, and within the session', () => {
  expect(clipAround(60_000, 600_000)).toEqual({ fromMs: 50_000, toMs: 80_000 })
  expect(clipAround(1_000, 5_000)).toEqual({ fromMs: 0, toMs: 5_000 })
})

test('a part is read as people write it', () => {
  const cases: [string, string, object | undefined][] = [
    ['0:10', '1:02.5', { fromMs: 10_000, toMs: 62_500 }],
    ['3', '99:00', { fromMs: 3_000, toMs: 600_000 }],
    ['1:00', '0:30', undefined],
    ['soon', '0:30', undefined],
  ]
  for (const [from, to, want] of cases) expect(stretchOf(from, to, 600_000), `${from} ${to}`).toEqual(want)
})

test('who reveals says so with every request, and in every address', () => {
  expect(lookingHeaders()).toEqual({})
  setLooking({ reason: 'Prüfung', reveal: 'ticket 7' })
  expect(lookingHeaders()).toEqual({ 'Retrace-Reason': 'Pr%C3%BCfung', 'Retrace-Reveal': 'ticket%207' })
  const answer = { media: { video: { url: '/v.webm?until_ms=1', codec: 'vp9' }, clipsZipUrl: '/c.zip', clips: [{ url: '/a' }] } }
  expect(revealedUrls(answer)).toEqual({
    media: {
      video: { url: '/v.webm?until_ms=1&reveal=ticket%207', codec: 'vp9' },
      clipsZipUrl: '/c.zip?reveal=ticket%207',
      clips: [{ url: '/a?reveal=ticket%207' }],
    },
  })
  expect(stillUrl('s1', 'video', 1)).toMatch(/&reveal=ticket%207$/)
})
