import { Recorder } from '../support/recorder'
import { asSomebody, createToken, expect, terminal, test, token } from '../support/test'

const secret = 'correct-horse-4711'
const mask = '[redacted]'

/** A session that showed a secret for a while, which an administrator redacted. */
async function redactedSession(): Promise<string> {
  const recorder = await Recorder.launch({ user: 'ops', protocol: 'ssh', title: `shows a secret ${Date.now()}` })
  const written = (atMs: number, text: string) => ({ atMs, type: 'terminal.written', data: { text } })
  await recorder.say(
    'agent',
    { atMs: 0, type: 'session.source_attached', data: { columns: 80, rows: 24 } },
    written(1_000, '$ cat recovery-code\r\n'),
    written(2_000, `${secret}\r\n$ `),
    written(20_000, 'clear\r\n'),
    { atMs: 30_000, type: 'session.ended', data: { reason: 'user' } },
  )
  const asked = {
    query: 'mutation($redaction: NewRedaction!) { redact(redaction: $redaction) }',
    variables: { redaction: { session: recorder.session, fromMs: 1_500, toMs: 25_000, reason: 'a recovery code' } },
  }
  await expect(async () => {
    const response = await fetch(`${process.env.RETRACE_URL ?? ''}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    })
    expect(((await response.json()) as { errors?: unknown }).errors).toBeUndefined()
  }).toPass()
  return recorder.session
}

test('an auditor sees masks; who may reveal does so with a reason, and the trail tells of both', async ({ browser, signedIn: page }) => {
  test.slow()
  const session = await redactedSession()
  const [auditor, revealer] = [`auditor ${Date.now()}`, `officer ${Date.now()}`]

  await asSomebody(browser, await createToken('AUDITOR', auditor), async (theirs) => {
    await theirs.goto(`/sessions/${session}?t=5000`)
    await expect(terminal(theirs)).toContainText(mask)
    await expect(theirs.getByRole('button', { name: 'Reveal…' })).toHaveCount(0)
    expect(await theirs.content()).not.toContain(secret)
    // Nor is it found.
    await theirs.goto(`/?q=${secret}`)
    await expect(theirs.getByText('Nothing found')).toBeVisible()
  })

  await asSomebody(browser, await createToken('ADMIN', revealer), async (theirs) => {
    await theirs.goto(`/sessions/${session}?t=5000`)
    await expect(terminal(theirs)).toContainText(mask)
    expect(await theirs.content()).not.toContain(secret)
    await theirs.getByRole('button', { name: 'Reveal…' }).click()
    const dialog = theirs.getByRole('dialog', { name: 'Reveal what is hidden' })
    await dialog.getByLabel('Why you look at it').fill('incident 77')
    await dialog.getByRole('button', { name: 'Reveal' }).click()
    await expect(terminal(theirs)).toContainText(secret)
  })

  await page.goto(`/settings/trail?session=${session}&kinds=revealed`)
  const rows = page.locator('.data-table tbody tr')
  await expect(rows.first()).toContainText(revealer)
  await expect(rows.first()).toContainText('“incident 77”')
  await expect(rows.filter({ hasText: auditor })).toHaveCount(0)
  await page.goto(`/settings/trail?session=${session}&kinds=viewed`)
  await expect(rows.filter({ hasText: auditor }).first()).toBeVisible()
})
