import { act, fireEvent, render, screen } from '@testing-library/react'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { beforeEach, expect, test, vi } from 'vitest'
import { HitPicture } from './HitPicture'
import type { SessionMatch } from './use-search'

let comeIntoView: (isInView: boolean) => void

beforeEach(() => {
  vi.stubGlobal('scrollTo', () => {})
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(tell: (entries: { isIntersecting: boolean }[]) => void) {
        comeIntoView = (isIntersecting) => act(() => tell([{ isIntersecting }]))
      }
      observe() {}
      disconnect() {}
    },
  )
})

const session = { id: 's1', asciicastUrl: '/v1/sessions/s1/asciicast' } as SessionMatch['session']
const terminalUrl = '/v1/sessions/s1/media/still?at_ms=51506&of=terminal'

async function show(props: { session?: SessionMatch['session']; isSettled?: boolean } = {}) {
  const rootRoute = createRootRoute({
    component: () => <HitPicture session={session} name="deploy" offsetMs={51_506} isSettled {...props} />,
  })
  const router = createRouter({ routeTree: rootRoute, history: createMemoryHistory() })
  render(<RouterProvider router={router} />)
  return screen.findByRole('link', { name: 'Screen of deploy at 0:51.506' })
}
const sources = (frame: HTMLElement) => [...frame.querySelectorAll('img')].map((img) => img.getAttribute('src'))

test('the picture is asked for once it is in view, and given up when it leaves before it is there', async () => {
  const frame = await show()
  expect(sources(frame)).toEqual([])
  comeIntoView(true)
  expect(sources(frame)).toEqual([terminalUrl])
  comeIntoView(false)
  expect(sources(frame)).toEqual([])
  comeIntoView(true)
  fireEvent.load(screen.getByRole('img'))
  comeIntoView(false)
  expect(sources(frame)).toEqual([terminalUrl])
  expect(frame.dataset.state).toBe('shown')
})

test('while somebody types no picture is asked for', async () => {
  const frame = await show({ isSettled: false })
  comeIntoView(true)
  expect(sources(frame)).toEqual([])
})

test('of a desktop it is the picture of the footage, as small as it is needed', async () => {
  const frame = await show({ session: { ...session, asciicastUrl: null } })
  comeIntoView(true)
  expect(sources(frame)).toEqual(['/v1/sessions/s1/media/still?at_ms=51506&width=448'])
})

test('where the server gives none an empty frame stays, and it is not asked again', async () => {
  const frame = await show()
  comeIntoView(true)
  fireEvent.error(screen.getByRole('img'))
  comeIntoView(false)
  comeIntoView(true)
  expect(sources(frame)).toEqual([])
  expect(frame.dataset.state).toBe('failed')
  expect(frame.getAttribute('aria-label')).toBe('No picture: Screen of deploy at 0:51.506')
})
