import { expect, test } from 'vitest'
import type { Media } from '../video/use-media'
import { viewsOf } from './views'

const none: Media = { video: null, clips: [], clipsZipUrl: null, keyframesMs: [], products: [], problems: [] }
const video = { video: {} } as Partial<Media>
const encoding = { products: [{ kind: 'VIDEO', state: 'WORKING', url: null }] } as Partial<Media>

test('what plays opens first, and what will play can be chosen', () => {
  const cases: [string, boolean, Partial<Media> | undefined, string[]][] = [
    ['nothing', false, {}, []],
    ['a terminal', true, {}, ['terminal', 'text']],
    ['a terminal, and no answer about video', true, undefined, ['terminal', 'text']],
    ['video', false, video, ['video']],
    ['both', true, video, ['video', 'terminal', 'text']],
    ['a video that is being made', false, encoding, ['video']],
    ['a video that is being made beside a terminal', true, encoding, ['terminal', 'text', 'video']],
  ]
  for (const [name, hasTerminal, media, want] of cases) {
    expect(viewsOf(hasTerminal, media && { ...none, ...media }), name).toEqual(want)
  }
})
