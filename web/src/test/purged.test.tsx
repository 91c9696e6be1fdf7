import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { createAppRouter } from '../app/router'
import { createQueryClient } from '../lib/query-client'
import { stubFetch } from './stub-fetch'

const purged = (id: string, by: string) => ({
  id,
  at: '2026-11-21T00:00:00.000000Z',
  by,
  reason: `the reason of ${id}`,
  position: '1204',
  events: 833,
  blobs: 2,
  bytes: 23_300,
  startedAt: '2026-11-20T22:42:39.000000Z',
  endedAt: '2026-11-20T22:44:39.000000Z',
  user: 'ops',
  host: 'bastion-1',
  target: null,
  protocol: 'ssh',
  site: null,
  folder: null,
})

let known: ReturnType<typeof purged> | null

beforeEach(() => {
  known = purged('s1', 'retention')
  vi.stubGlobal('scrollTo', () => {})
  stubFetch((path, init) => {
    if (path === '/v1/web-session') {
      return { body: { name: 'admin', user: null, groups: [], roles: ['admin'], expiresAt: null } }
    }
    const { operationName, variables } = JSON.parse(String(init.body)) as {
      operationName: string
      variables: { after?: string | null }
    }
    switch (operationName) {
      case 'PurgedSessions': {
        const isFirst = !variables.after
        const nodes = isFirst ? [purged('s1', 'retention')] : [purged('s2', 'mara')]
        const pageInfo = { hasNextPage: isFirst, endCursor: isFirst ? 'c1' : null }
        return { body: { data: { purgedSessions: { pageInfo, nodes } } } }
      }
      case 'PurgedSession':
        return { body: { data: { purgedSession: known } } }
      case 'Session':
      case 'Media':
      case 'Evidence':
      case 'Screen':
        return { body: { data: { session: null, log: {} } } }
      default:
        return { status: 500 }
    }
  })
})

function open(url: string) {
  const client = createQueryClient(() => {})
  const router = createAppRouter(client)
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: [url] }) } as never)
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  )
}

test('the list of what was purged goes on, page by page, and each leads to what stays', { timeout: 20_000 }, async () => {
  open('/purged')
  expect(await screen.findByText('the retention settings', undefined, { timeout: 15_000 })).toBeTruthy()
  expect(screen.queryByText('mara')).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'Load more' }))
  expect(await screen.findByText('mara')).toBeTruthy()
  expect(screen.queryByRole('button', { name: 'Load more' })).toBeNull()
  const links = screen.getAllByRole('link', { name: /^2026-11-21/ }).map((link) => link.getAttribute('href'))
  expect(links).toEqual(['/sessions/s1', '/sessions/s2'])
})

for (const url of ['/sessions/s1', '/sessions/s1/evidence']) {
  // A page is loaded with all that it may show, which takes a busy machine a while.
  test(`${url} of a session that was purged says when, by whom, why, how much, and what stays`, { timeout: 20_000 }, async () => {
    open(url)
    const heading = await screen.findByRole('heading', { name: 'This recording was purged' }, { timeout: 15_000 })
    // Who does not see the page is told what it shows.
    expect(document.activeElement).toBe(heading)
    const text = document.querySelector('.purged')?.textContent ?? ''
    for (const said of [
      'by the retention settings: the reason of s1',
      '833 events and 2 segments and screenshots of 23.3 kB were destroyed',
      'bastion-1',
      '2 min',
    ]) {
      expect(text).toContain(said)
    }
    expect(screen.getByRole('link', { name: /^The purge, at position/ }).getAttribute('href')).toBe('/log?before=1205')
    expect(screen.getByRole('link', { name: 'Where its events stood' }).getAttribute('href')).toBe('/log?session=s1')
  })
}

test('a session that never was, or is of others, is not said to be purged', { timeout: 20_000 }, async () => {
  known = null
  open('/sessions/s1')
  expect(await screen.findByText('This session does not exist.', undefined, { timeout: 15_000 })).toBeTruthy()
})
