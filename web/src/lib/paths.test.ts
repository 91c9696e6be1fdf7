import { expect, test } from 'vitest'
import {
  localPath,
  paths,
  readFindSearch,
  readLogSearch,
  readPlayerSearch,
  readSessionsSearch,
} from './paths'
import { parseSearch, stringifySearch } from './url-state'

test('all URLs of the site', () => {
  expect([
    paths.find(),
    paths.find({ q: 'rm -rf & more kind:keys', order: 'NEWEST' }),
    paths.sessions({ user: 'ops', state: 'ENDED' }),
    paths.session('a/b', { t: 0 }),
    paths.log({ before: '2530' }),
    paths.signIn({ to: '/sessions/1?t=5' }),
    paths.asciicast('/v1/sessions/1/asciicast', 3, true),
  ]).toMatchInlineSnapshot(`
    [
      "/",
      "/?q=rm+-rf+%26+more+kind%3Akeys&order=NEWEST",
      "/sessions?user=ops&state=ENDED",
      "/sessions/a%2Fb?t=0",
      "/log?before=2530",
      "/sign-in?to=%2Fsessions%2F1%3Ft%3D5",
      "/v1/sessions/1/asciicast?version=3&download=1",
    ]
  `)
})

test('what is written to a URL is read back', () => {
  const search = { q: '8820 "x" user:"a,b"', order: 'NEWEST' as const }
  const read = readFindSearch(parseSearch(stringifySearch({ ...search })))
  expect(read).toEqual(search)
})

test('what makes no sense in a URL is dropped', () => {
  expect(readPlayerSearch(parseSearch('?kinds=KEYS,NONSENSE')).kinds).toEqual(['KEYS'])
  expect(readSessionsSearch(parseSearch('?reviewed=perhaps&gaps=no'))).toMatchObject({ gaps: 'no', reviewed: undefined })
  expect(readFindSearch(parseSearch('?order=UP')).order).toBeUndefined()
  expect(readSessionsSearch(parseSearch('?state=GONE&user=')).state).toBeUndefined()
  expect(readSessionsSearch(parseSearch('?user=')).user).toBeUndefined()
  const times: [string, number | undefined][] = [
    ['51506', 51506],
    ['51506.9', 51506],
    ['0', 0],
    ['-1', undefined],
    ['soon', undefined],
    ['', undefined],
    ['Infinity', undefined],
  ]
  for (const [t, want] of times) expect(readPlayerSearch({ t }).t, t).toBe(want)
  expect(readLogSearch({ before: '99999999999999999999' }).before).toBe('99999999999999999999')
  expect(readLogSearch({ before: '1e3' }).before).toBeUndefined()
})

test('sign-in leads back to this site only', () => {
  const cases: [string, string | undefined][] = [
    ['/sessions/1?t=5', '/sessions/1?t=5'],
    ['//other.example/', undefined],
    ['/\\other.example/', undefined],
    ['https://other.example/', undefined],
    ['javascript:alert(1)', undefined],
  ]
  for (const [to, want] of cases) expect(localPath(to), to).toBe(want)
})
