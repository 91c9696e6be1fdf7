import { Recorder } from '../support/recorder'
import { expect, test } from '../support/test'

test('what no recorder has fetched is told as that, and what it answers once it is back', async ({ signedIn: page }) => {
  test.setTimeout(60_000)
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'ssh', title: 'Recorder away' })
  await recorder.say(
    'shell',
    { atMs: 0, type: 'session.source_attached', data: { columns: 80, rows: 24 } },
    { atMs: 100, type: 'terminal.written', data: { text: '$ ' } },
  )
  await page.goto(`/sessions/${recorder.session}`)
  await page.getByRole('button', { name: 'Message' }).click()
  await page.getByLabel('Message', { exact: true }).fill('Are you there?')
  await page.getByRole('button', { name: 'Send message' }).click()
  const state = page.getByRole('list', { name: 'Asked of the recorder' }).locator('.request-state')
  await expect(state).toHaveText('Asked, waiting for the recorder')
  await expect(state).toContainText('the recorder is not connected', { timeout: 20_000 })

  const [version] = await recorder.requests()
  await expect(state).toContainText('Delivered', { timeout: 10_000 })
  await recorder.say('shell', {
    atMs: 20_000,
    type: 'session.control_answered',
    data: { request: 'session.message_sent', version, done: false, detail: 'the terminal is gone' },
  })
  await expect(state).toHaveText('Refused: the terminal is gone')
})
