import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router'
import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { createAppRouter, goToSignIn } from '../app/router'
import { createQueryClient } from '../lib/query-client'
import { stubFetch } from './stub-fetch'

const session = {
  id: 's1',
  title: null,
  user: 'ops',
  host: 'bastion-1',
  command: '/bin/bash',
  protocol: 'terminal',
  state: 'ENDED',
  startedAt: '2026-11-20T22:42:39.000000Z',
  durationMs: 121_436,
  endedAt: '2026-11-20T22:44:40.436000Z',
  lastActivityAt: '2026-11-20T22:44:40.436000Z',
  groups: [],
  gaps: 0,
  counts: { events: 9, outputBytes: 5_000, keys: 80, markers: 1 },
  review: { reviewedAt: null, reviewedBy: null, assignee: null, sampled: false, commentCount: 0 },
  activityMap: { series: [{ kind: 'OUTPUT', values: [4, 0, 2], max: 4 }] },
  recording: { name: 'deploy.cast', format: 'asciicast-v3', bytes: 51_561 },
}
const pageInfo = { hasNextPage: false, endCursor: null }

function matchesFor(text: unknown) {
  const hit = {
    kind: 'COMMAND',
    offsetMs: 51_740,
    at: session.startedAt,
    snippet: { runs: [{ text: String(text), match: true }] },
  }
  return { totalCount: 1, hitCount: 1, totalIsExact: true, pageInfo, nodes: [{ hitCount: 1, hits: [hit], session }] }
}

const facets = [{ by: 'KIND', values: [{ value: 'command', count: 1 }] }]

const data: Record<string, (variables: Record<string, unknown>) => unknown> = {
  Facets: () => ({ facets: { users: [{ value: 'ops', count: 1 }], hosts: [], protocols: [] } }),
  Sessions: () => ({ sessions: { totalCount: 1, pageInfo, nodes: [session] } }),
  RecentSessions: () => ({ sessions: { nodes: [session] } }),
  SearchSessions: ({ text }) => ({ searchSessions: matchesFor(text) }),
  SearchFacets: () => ({ searchFacets: { totalCount: 1, totalIsExact: true, facets } }),
  Suggest: () => ({ suggest: [] }),
}

let token: string | undefined
let ways: { token: boolean; oidc: { label: string } | null }
let refusal: unknown
let asked: ReturnType<typeof stubFetch>

beforeEach(() => {
  token = 'rtr_good'
  ways = { token: true, oidc: null }
  refusal = undefined
  vi.stubGlobal('scrollTo', () => {})
  asked = stubFetch((path, init) => {
    if (path === '/v1/sign-in') return { body: ways }
    const refused = { status: 401, body: { error: { code: 'UNAUTHENTICATED', message: 'no' } } }
    if (path === '/v1/web-session' && init.method === 'POST') {
      token = (JSON.parse(String(init.body)) as { token: string }).token
      return token === 'rtr_good' ? { status: 204 } : refused
    }
    if (token !== 'rtr_good') return refused
    if (path === '/v1/web-session') {
      return { body: { name: 'admin', user: 'ada', groups: ['dba'], roles: ['admin', 'revealer'], expiresAt: null } }
    }
    const body = JSON.parse(String(init.body)) as { operationName: string; variables: Record<string, unknown> }
    if (refusal && body.operationName === 'SearchSessions') return { body: refusal }
    const answer = data[body.operationName]
    return answer ? { body: { data: answer(body.variables) } } : { status: 500 }
  })
})

function open(url: string) {
  const client = createQueryClient(() => goToSignIn(router))
  const router = createAppRouter(client)
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: [url] }) } as never)
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  )
  return router
}

test('a visitor without a token signs in and gets to where the link led', async () => {
  token = undefined
  const router = open('/sessions?user=ops')
  await userEvent.type(await screen.findByLabelText('Access token'), 'rtr_bad')
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
  expect(await screen.findByText(/This token is not known here/)).toBeTruthy()
  await userEvent.clear(screen.getByLabelText('Access token'))
  await userEvent.type(screen.getByLabelText('Access token'), 'rtr_good{Enter}')
  expect(await screen.findByRole('heading', { name: 'Sessions' })).toBeTruthy()
  expect(router.state.location.href).toBe('/sessions?user=ops')
})

test('a visitor is led to the provider, and told when nothing is granted to them', async () => {
  token = undefined
  ways = { token: false, oidc: { label: 'Sign in with Example' } }
  open('/sign-in?problem=no-grant&to=%2Fsessions%3Fuser%3Dops')
  const button = await screen.findByRole('link', { name: 'Sign in with Example' })
  expect(button.getAttribute('href')).toBe('/v1/sign-in/oidc?to=%2Fsessions%3Fuser%3Dops')
  expect(screen.getByRole('alert').textContent).toContain('nothing is granted to you')
  await waitFor(() => expect(screen.queryByLabelText('Access token')).toBeNull())
})

test('the account says who one is and what one may do', async () => {
  open('/')
  await userEvent.click(await screen.findByLabelText('Account: admin'))
  expect(screen.getByText('ada')).toBeTruthy()
  expect(screen.getByText('admin, revealer')).toBeTruthy()
})

test('an empty search shows recent sessions; typing finds, and the URL says what', async () => {
  const router = open('/')
  expect(await screen.findByText('deploy.cast')).toBeTruthy()
  await userEvent.type(screen.getByRole('combobox', { name: 'Search all sessions' }), 'git commit')
  const hit = await screen.findByRole('link', { name: /^Command.*git commit/ })
  expect(hit.getAttribute('href')).toBe('/sessions/s1?t=51740')
  expect(screen.getByText('1 hit in 1 session')).toBeTruthy()
  expect(router.state.location.search).toMatchObject({ q: 'git commit' })
  const searches = asked.filter(({ init }) => String(init.body).includes('"SearchSessions"'))
  expect(searches.length).toBeLessThanOrEqual(2)
})

test('a facet and the order go to the URL and to the server', async () => {
  const router = open('/?q=git')
  await userEvent.click(await screen.findByRole('button', { name: /^Command/ }))
  await userEvent.selectOptions(screen.getByLabelText('Order'), 'Newest')
  await waitFor(() => expect(router.state.location.href).toBe('/?q=git+kind%3Acommand&order=NEWEST'))
  await waitFor(() =>
    expect(asked.some(({ init }) => /"git kind:command".*"orderBy":"NEWEST"/.test(String(init.body)))).toBe(true),
  )
  expect(screen.getByRole('combobox', { name: 'Search all sessions' })).toHaveProperty('value', 'git kind:command')
})

test('what is wrong with a text is told and pointed at; what was found before stays', async () => {
  open('/?q=git')
  await screen.findByRole('link', { name: /^Command.*git/ })
  const extensions = { code: 'INVALID_QUERY', at: 4, length: 1, found: '`(` that is not closed', expected: '`)`' }
  refusal = { errors: [{ message: 'at character 4: …', extensions }] }
  await userEvent.type(screen.getByRole('combobox', { name: 'Search all sessions' }), ' (')
  expect(await screen.findByText('`(` that is not closed: expected `)`.')).toBeTruthy()
  expect(document.querySelector('.query-wrong')?.textContent).toBe('(')
  expect(screen.getByRole('link', { name: /^Command.*git/ })).toBeTruthy()
})

test('a suggestion is chosen with the keyboard', async () => {
  data.Suggest = () => ({
    suggest: [{ kind: 'FIELD', text: 'user:', field: 'user', value: '', count: null, at: 4, length: 2 }],
  })
  open('/')
  const box = await screen.findByRole('combobox', { name: 'Search all sessions' })
  await userEvent.type(box, 'git us')
  await screen.findByRole('option', { name: /^user:/ })
  await userEvent.keyboard('{ArrowDown}{Enter}')
  expect(box).toHaveProperty('value', 'git user:')
  await waitFor(() => expect(box.getAttribute('aria-expanded')).toBe('false'))
})

test('a sign-in that ends while one works leads to sign-in and back', async () => {
  const router = open('/sessions')
  await screen.findByText('deploy.cast')
  token = undefined
  await userEvent.selectOptions(screen.getByLabelText('State'), 'Ended')
  await screen.findByLabelText('Access token')
  expect(router.state.location.search).toEqual({ to: '/sessions?state=ENDED' })
})

test('a server that cannot be reached is explained, with a way to try again', async () => {
  stubFetch(() => 'no connection')
  open('/sessions')
  expect(await screen.findByRole('heading', { name: 'No connection to the server' }, { timeout: 4_000 })).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy()
})
