import { expect, test } from 'vitest'
import type { MediaQuery } from '../../gql/graphql'
import { askAgainMs } from './use-media'

type Answer = NonNullable<MediaQuery['session']>
const none: Answer['media'] = { video: null, clips: [], clipsZipUrl: null, keyframesMs: [], products: [], problems: [] }
const product = (kind: string, state: string) => ({ products: [{ kind, state }] }) as Partial<Answer['media']>

test('the server is asked again while something is on its way, and only then', () => {
  const cases: [string, Answer['state'], string | null, Partial<Answer['media']>, number, number | false][] = [
    ['a terminal', 'ENDED', '/cast', {}, 1, false],
    ['work', 'ENDED', '/cast', product('MP4', 'WORKING'), 99, 2_000],
    ['work that was asked for', 'ENDED', null, product('VIDEO', 'REQUESTED'), 99, 2_000],
    ['a session that goes on', 'ACTIVE', null, {}, 99, 3_000],
    ['just come in', 'ENDED', null, {}, 1, 5_000],
    ['come in long ago', 'ENDED', null, {}, 24, false],
    ['all done', 'ENDED', null, product('THUMBNAILS', 'COMPLETED'), 1, false],
    ['failed', 'ENDED', null, product('THUMBNAILS', 'FAILED'), 1, false],
  ]
  for (const [name, state, asciicastUrl, media, times, want] of cases) {
    expect(askAgainMs({ state, asciicastUrl, media: { ...none, ...media } }, times), name).toBe(want)
  }
  expect(askAgainMs(undefined, 1)).toBe(false)
})
