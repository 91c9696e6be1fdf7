import { expect, test } from 'vitest'
import { stubFetch } from '../test/stub-fetch'
import { graphql, readWho } from './api'
import { ApiError, errorOfCode, errorOfStatus, toApiError } from './errors'
import { FacetsDocument } from '../gql/graphql'

test('codes and statuses become what the reader can do about them', () => {
  const cases = [
    [errorOfCode('UNAUTHENTICATED'), 'signed-out'],
    [errorOfCode('NOT_FOUND'), 'not-found'],
    [errorOfCode('INVALID_ARGUMENT', 'bad'), 'invalid'],
    [errorOfCode('A_CODE_OF_NEXT_YEAR'), 'server'],
    [errorOfStatus(401), 'signed-out'],
    [errorOfStatus(403), 'forbidden'],
    [errorOfStatus(429), 'too-many'],
    [errorOfStatus(500), 'server'],
    [errorOfStatus(502), 'unreachable'],
    [errorOfStatus(400, 'UNAUTHENTICATED'), 'signed-out'],
    [toApiError(new TypeError('Failed to fetch')), 'unreachable'],
    [toApiError('anything'), 'server'],
  ] as const
  for (const [error, problem] of cases) expect(error.problem, error.message).toBe(problem)
})

test('the server’s own words are shown for an invalid request only', () => {
  expect(errorOfCode('INVALID_ARGUMENT', '`first` is 0, expected 1 to 100').message).toBe(
    '`first` is 0, expected 1 to 100.',
  )
  expect(errorOfCode('INTERNAL', 'thread panicked at src/lib.rs').message).not.toContain('panicked')
})

test('an error inside a GraphQL answer is thrown', async () => {
  stubFetch(() => ({ body: { data: null, errors: [{ message: 'no', extensions: { code: 'NOT_FOUND' } }] } }))
  await expect(graphql(FacetsDocument, {})).rejects.toMatchObject({ problem: 'not-found' })
})

test('a request without a connection, and one without a cookie', async () => {
  stubFetch(() => 'no connection')
  await expect(readWho()).rejects.toMatchObject({ problem: 'unreachable' })
  stubFetch(() => ({ status: 401, body: { error: { code: 'UNAUTHENTICATED', message: 'no cookie' } } }))
  await expect(readWho()).rejects.toBeInstanceOf(ApiError)
  await expect(readWho()).rejects.toMatchObject({ problem: 'signed-out' })
})

test('every request carries the header that another site cannot send', async () => {
  const asked = stubFetch(() => ({ body: { data: {} } }))
  await graphql(FacetsDocument, {})
  await readWho()
  for (const { init } of asked) expect(init.headers).toMatchObject({ 'X-Retrace-Client': 'web' })
})
