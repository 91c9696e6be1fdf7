import { QueryClientProvider } from '@tanstack/react-query'
import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { createQueryClient } from '../../lib/query-client'
import { stubFetch } from '../../test/stub-fetch'
import { SettingEditor } from '../settings/SettingEditor'
import type { Setting } from '../settings/use-settings'
import { HoldDialog } from './HoldDialog'
import { PurgeDialog } from './PurgeDialog'
import { RetentionPanel } from './RetentionPanel'
import type { RetainedSession } from './use-retention'
import { destroyedWords, isNumber, isWord, purgedBy, purgesNothing, retentionSentence, whyNotPurged } from './words'

const session: RetainedSession = {
  id: 's1',
  title: 'Nightly restore',
  command: null,
  state: 'ENDED',
  rights: ['HOLD', 'PURGE'],
  onHold: false,
  keptUntil: null,
  holds: [],
  counts: { events: 1204 },
}

/** Shows something, answers what it asks by the name of the question, and keeps the variables of each. */
function show(element: React.ReactNode, answers: Record<string, unknown> = {}) {
  const asked: { name: string; variables: Record<string, unknown> }[] = []
  stubFetch((_, init) => {
    const { operationName: name, variables } = JSON.parse(String(init.body)) as {
      operationName: string
      variables: Record<string, unknown>
    }
    asked.push({ name, variables })
    return { body: { data: answers[name] ?? {} } }
  })
  const client = createQueryClient(() => {})
  render(<QueryClientProvider client={client}>{element}</QueryClientProvider>)
  return { asked, client }
}

test('the settings say in a sentence what goes', () => {
  expect(retentionSentence(true, { due: 0, soon: 0, dueOnHold: 0 })).toBe('Nothing is purged: recordings are kept for ever.')
  const cases: [number, number, number, string][] = [
    [0, 2, 0, 'No recording is due, 2 within 30 days.'],
    [12, 40, 3, '12 recordings are due, 40 within 30 days. Legal holds keep 3 more that would go by then.'],
    [1, 1, 0, '1 recording is due, 1 within 30 days.'],
    [0, 0, 0, 'No recording is due, none within 30 days.'],
    [1204, 1300, 0, '1\u202f204 recordings are due, 1\u202f300 within 30 days.'],
  ]
  for (const [due, soon, dueOnHold, want] of cases) {
    expect(retentionSentence(false, { due, soon, dueOnHold }), want).toBe(want)
  }
})

test('nothing is purged while no setting says after which time', () => {
  const cases: [string, string, boolean][] = [
    ['0', '', true],
    ['0', '0 user:root; 0 site:a', true],
    ['0', '0 user:root; 7d site:lab', false],
    ['90d', '', false],
    ['10', '0 user:root', false],
  ]
  for (const [keep, exceptions, want] of cases) {
    const settings = [
      { name: 'video.queue', value: '7' },
      { name: 'retention.keep_s', value: keep },
      { name: 'retention.exceptions', value: exceptions },
      { name: 'retention.grace_s', value: '1d' },
    ]
    expect(purgesNothing(settings), `${keep} ${exceptions}`).toBe(want)
  }
})

test('a number confirms however its digits are grouped, another does not', () => {
  for (const typed of ['1204', '1,204', '1\u202f204', ' 1 204 ', '1.204']) expect(isNumber(typed, 1204), typed).toBe(true)
  for (const typed of ['', '120', '12040', 'all', '1e3']) expect(isNumber(typed, 1204), typed).toBe(false)
})

test('a word confirms when it is typed whole', () => {
  for (const typed of ['purge', ' Purge ', 'PURGE']) expect(isWord(typed, 'purge'), typed).toBe(true)
  for (const typed of ['', 'purg', 'purge it']) expect(isWord(typed, 'purge'), typed).toBe(false)
})

test('what was destroyed is said as far as it was counted', () => {
  expect(destroyedWords({ events: 1204, blobs: 2, bytes: 4_100 })).toBe('1\u202f204 events and 2 segments and screenshots of 4.1 kB')
  expect(destroyedWords({ events: 1, blobs: 0, bytes: 0 })).toBe('1 event')
  expect(destroyedWords({ events: null, blobs: null, bytes: null })).toBe('Nobody counted how much')
  expect(purgedBy('retention')).toBe('the retention settings')
  expect(purgedBy('mara')).toBe('mara')
})

test('a session that goes on, or is held, is not purged, and it is said why', () => {
  expect(whyNotPurged({ state: 'ENDED', onHold: false })).toBeUndefined()
  expect(whyNotPurged({ state: 'ACTIVE', onHold: false })).toContain('goes on')
  expect(whyNotPurged({ state: 'ENDED', onHold: true })).toContain('legal hold')
})

test('only what somebody may do is offered', () => {
  const offered = () => screen.queryAllByRole('button').map((button) => button.textContent)
  const hold = { matter: 'Case 4711', at: '2026-11-20T22:42:39.000000Z', by: 'mara', reason: 'asked by counsel' }
  const cases: [Partial<RetainedSession>, string[]][] = [
    [{}, ['Place legal hold…', 'Purge recording…']],
    [{ rights: ['HOLD'] }, ['Place legal hold…']],
    [{ rights: [] }, []],
    [{ state: 'ACTIVE' }, ['Place legal hold…']],
    [{ onHold: true, holds: [hold] }, ['Lift hold…', 'Place legal hold…']],
    [{ onHold: true, holds: [hold], rights: ['PURGE'] }, []],
  ]
  for (const [given, want] of cases) {
    const { unmount } = render(<RetentionPanel session={{ ...session, ...given }} />, {
      wrapper: ({ children }) => (
        <QueryClientProvider client={createQueryClient(() => {})}>{children}</QueryClientProvider>
      ),
    })
    expect(offered(), JSON.stringify(given)).toEqual(want)
    unmount()
  }
})

test('a purge wants a reason and the word, and leaves nothing of the recording behind', async () => {
  const purged = { id: 's1', at: '2026-11-21T00:00:00.000000Z', by: 'mara', reason: 'x', position: '9', events: 1204 }
  const { asked, client } = show(<PurgeDialog session={session} onClose={() => {}} />, {
    PurgeSession: { purgeSession: purged },
  })
  client.setQueryData(['cast', 's1', 'url'], 'what was shown')
  client.setQueryData(['cast', 's2', 'url'], 'another')
  const button = screen.getByRole('button', { name: 'Purge recording', hidden: true })
  expect(button).toHaveProperty('disabled', true)
  await userEvent.type(screen.getByLabelText('Reason'), 'the works council asked')
  expect(button).toHaveProperty('disabled', true)
  await userEvent.type(screen.getByLabelText(/^Type/), 'purge')
  await userEvent.click(button)
  await waitFor(() => expect(client.getQueryData(['session', 's1'])).toEqual({ session: null }))
  expect(asked[0]).toEqual({ name: 'PurgeSession', variables: { session: 's1', reason: 'the works council asked' } })
  expect(client.getQueryData(['purged-session', 's1'])).toEqual({ purgedSession: purged })
  expect(client.getQueryData(['cast', 's1', 'url'])).toBeUndefined()
  expect(client.getQueryData(['cast', 's2', 'url'])).toBe('another')
})

test('a hold is placed on no more sessions than the server takes at once', async () => {
  const many = Array.from({ length: 101 }, (_, n) => `s${n}`)
  show(<HoldDialog sessions={many} onClose={() => {}} onDone={() => {}} />)
  await userEvent.type(screen.getByLabelText('Reason'), 'all of them')
  expect(screen.getByRole('button', { name: 'Place legal hold', hidden: true })).toHaveProperty('disabled', true)
  expect(screen.getByText(/At most 100/)).toBeTruthy()
})

const keep = {
  name: 'retention.keep_s',
  kind: 'seconds',
  value: '0',
  defaultValue: '0',
  isChanged: false,
  expected: 'a number of seconds from 0 to 36600d',
  choices: [],
  help: '',
  group: { name: 'retention', help: '' },
  lastChange: null,
} satisfies Setting

test('a setting that purges is saved once the number of recordings was typed, as long as it still is that number', async () => {
  const onChanged = vi.fn<() => void>()
  const preview = { value: '30d', isOther: true, warnings: ['This would delete 1,204 recordings.'], purges: 1204 }
  const answers: Record<string, unknown> = { SettingPreview: { settingPreview: preview } }
  const { asked } = show(
    <SettingEditor setting={keep} draft={{ value: '30d', reason: '' }} onCancel={() => {}} onChanged={onChanged} />,
    answers,
  )
  await userEvent.click(screen.getByRole('button', { name: 'Save' }))
  const confirm = await screen.findByRole('button', { name: 'Change it all the same' })
  expect(screen.getByText('This would delete 1,204 recordings.')).toBeTruthy()
  expect(confirm).toHaveProperty('disabled', true)
  await userEvent.type(screen.getByLabelText(/to confirm$/), '12{Enter}')
  expect(asked).toHaveLength(1)

  // One more has become due meanwhile.
  answers.SettingPreview = { settingPreview: { ...preview, purges: 1205 } }
  await userEvent.type(screen.getByLabelText(/to confirm$/), '04{Enter}')
  const again = await screen.findByLabelText(/^Type 1.205, the number/)
  expect(again).toHaveProperty('value', '')

  answers.ChangeSetting = { changeSetting: { ...keep, value: '30d' } }
  await userEvent.type(again, '1205{Enter}')
  await waitFor(() => expect(onChanged).toHaveBeenCalled())
  expect(asked.map(({ name }) => name)).toEqual(['SettingPreview', 'SettingPreview', 'SettingPreview', 'ChangeSetting'])
})
