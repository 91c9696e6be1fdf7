import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TypedDocumentString } from '../gql/graphql'
import { follow, type LinkState } from './follow'

type Sink = { next: (page: unknown) => void; error: (thrown: unknown) => void; complete: () => void }
type Asked = { variables: unknown; sink: Sink; isStopped: boolean }

const asked: Asked[] = vi.hoisted(() => [])
vi.mock('graphql-ws', () => ({
  createClient: () => ({
    on: () => () => undefined,
    subscribe: ({ variables }: { variables: unknown }, sink: Sink) => {
      const one = { variables, sink, isStopped: false }
      asked.push(one)
      return () => (one.isStopped = true)
    },
  }),
}))

const document = new TypedDocumentString('subscription It { it }') as unknown as TypedDocumentString<{ it: number }, { after: number }>

beforeEach(() => {
  asked.length = 0
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function begin() {
  const pages: number[] = []
  const states: LinkState[] = []
  const stop = follow(document, {
    variables: () => ({ after: pages.at(-1) ?? 0 }),
    onPage: ({ it }) => pages.push(it),
    onState: (state) => states.push(state),
  })
  return { pages, states, stop }
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms)
const last = () => asked.at(-1) as Asked

test('after each break it goes on from where the caller is by then, later and later', async () => {
  const { pages, states, stop } = begin()
  await settle()
  last().sink.next({ data: { it: 1 } })
  last().sink.next({ data: { it: 2 } })
  const broken = last()
  broken.sink.error(new Event('close'))
  // What a connection that is over still says is not taken.
  broken.sink.next({ data: { it: 99 } })
  expect(states.at(-1)).toMatchObject({ phase: 'waiting', tries: 1 })
  await settle(499)
  expect(asked).toHaveLength(1)
  await settle(1)
  expect(last().variables).toEqual({ after: 2 })
  last().sink.error(new Event('close'))
  await settle(999)
  expect(asked).toHaveLength(2)
  await settle(1)
  last().sink.next({ data: { it: 3 } })
  last().sink.complete()
  // It worked in between: the waits begin anew.
  await settle(500)
  expect(last().variables).toEqual({ after: 3 })
  expect(pages).toEqual([1, 2, 3])
  stop()
})

test('what is refused is not asked again; what is the server’s own trouble is', async () => {
  const { states, stop } = begin()
  await settle()
  last().sink.next({ errors: [{ message: 'broken', extensions: { code: 'INTERNAL' } }] })
  expect(states.at(-1)?.phase).toBe('waiting')
  await settle(500)
  last().sink.error([{ message: 'there is no such session', extensions: { code: 'NOT_FOUND' } }])
  expect(states.at(-1)).toMatchObject({ phase: 'refused', error: { problem: 'not-found' } })
  await settle(60_000)
  expect(asked).toHaveLength(2)
  stop()
})

test('a network that is back is used at once, and nothing is heard once it is stopped', async () => {
  const { pages, stop } = begin()
  await settle()
  last().sink.error(new Event('close'))
  window.dispatchEvent(new Event('online'))
  await settle()
  expect(asked).toHaveLength(2)
  stop()
  expect(last().isStopped).toBe(true)
  last().sink.next({ data: { it: 1 } })
  last().sink.error(new Event('close'))
  await settle(60_000)
  expect(pages).toEqual([])
  expect(asked).toHaveLength(2)
})
