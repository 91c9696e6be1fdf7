import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { asSomebody, createToken, expect, test } from '../support/test'

const setting = (page: Page, name: string) => page.locator(`.setting[id="${name}"]`)
const valueOf = (page: Page, name: string) => page.getByTestId(`value-${name}`)

async function change(page: Page, name: string, value: string, reason?: string) {
  await page.getByRole('button', { name: `Change ${name}` }).click()
  const form = page.getByRole('form', { name: `Change ${name}` })
  await form.getByLabel(/^New value/).fill(value)
  if (reason) await form.getByLabel(/^Why/).fill(reason)
  await form.getByRole('button', { name: 'Save' }).click()
}

test('a setting is changed, stands in its history and in the audit trail, and is undone', async ({ signedIn: page }) => {
  const name = 'video.frame_rate'
  await page.goto(`/settings?q=${name}`)
  await expect(valueOf(page, name)).toHaveText('10')
  await expect(setting(page, name)).toContainText('The default, never changed')

  await change(page, name, '12', 'smoother pointers, ticket 4711')
  await expect(valueOf(page, name)).toHaveText('12')
  await expect(setting(page, name)).toContainText('Set by browser-tests')
  await expect(setting(page, name)).toContainText('“smoother pointers, ticket 4711”')

  await page.goto('/settings/trail?kinds=settings')
  const row = page.getByRole('row').filter({ hasText: `set ${name} from 10 to 12` })
  await expect(row).toContainText('browser-tests')
  await expect(row).toContainText('“smoother pointers, ticket 4711”')

  await page.goto(`/settings?q=${name}`)
  await page.getByRole('button', { name: `History of ${name}` }).click()
  const history = setting(page, name).locator('.setting-history')
  await expect(history.getByRole('listitem')).toHaveCount(1)
  await history.getByRole('button', { name: /^Undo/ }).click()
  const form = page.getByRole('form', { name: `Change ${name}` })
  await expect(form.getByLabel(/^New value/)).toHaveValue('10')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(valueOf(page, name)).toHaveText('10')
  await expect(history.getByRole('listitem')).toHaveCount(2)
  await expect(history.getByRole('listitem').first()).toContainText('“Undo of the change at position')

  await page.goto('/settings/trail?kinds=settings')
  await expect(page.getByRole('row').filter({ hasText: `set ${name} from 12 to 10` })).toContainText('Undo of the change')
})

test('what the server does not allow is said at the field, and nothing is changed', async ({ signedIn: page }) => {
  const name = 'video.queue'
  await page.goto('/settings?q=queue')
  await change(page, name, '0')
  const form = page.getByRole('form', { name: `Change ${name}` })
  await expect(form.getByRole('alert')).toContainText('expected a number from 1 to 64')
  await expect(form.getByLabel(/^New value/)).toHaveAttribute('aria-invalid', 'true')
  await form.getByRole('button', { name: 'Cancel' }).click()
  await expect(valueOf(page, name)).toHaveText('1')
})

test('a dangerous change is explained before it is made', async ({ signedIn: page }) => {
  await page.goto('/settings?q=sign_in.with_token')
  await page.getByRole('button', { name: 'Change sign_in.with_token' }).click()
  const form = page.getByRole('form', { name: 'Change sign_in.with_token' })
  await form.getByLabel(/^New value/).selectOption('false')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByRole('alert')).toContainText('Nobody could sign a browser in any more')
  await expect(form.getByRole('button', { name: 'Change it all the same' })).toBeVisible()
  await form.getByRole('button', { name: 'Cancel' }).click()
  await expect(valueOf(page, 'sign_in.with_token')).toHaveText('true')
})

test('settings are found by words, and by what is changed', async ({ signedIn: page }) => {
  await page.goto('/settings')
  await expect(page.locator('.setting').first()).toBeVisible()
  const all = await page.locator('.setting').count()
  expect(all).toBeGreaterThan(45)
  await page.getByLabel('Search settings').fill('idle session')
  await expect(page.locator('.setting')).not.toHaveCount(all)
  await expect(page).toHaveURL(/q=idle/)
  await page.getByLabel('Search settings').fill('no such thing at all')
  await expect(page.getByText('No setting matches.')).toBeVisible()
})

test('who may see settings and not change them is told what they would need', async ({ browser }) => {
  await asSomebody(browser, await createToken('AUDITOR'), async (page) => {
    await page.goto('/settings')
    await expect(page.getByRole('note')).toContainText('needs the right to change settings')
    await expect(page.getByRole('button', { name: /^Change / })).toHaveCount(0)
  })
})

test('who may not see settings finds no way there, and is told so behind it', async ({ browser }) => {
  await asSomebody(browser, await createToken('OPERATOR'), async (page) => {
    await page.goto('/')
    await expect(page.getByRole('link', { name: 'Sessions', exact: true })).toBeVisible()
    await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' })).toHaveCount(0)
    for (const path of ['/settings', '/settings/access', '/settings/tokens', '/settings/trail', '/settings/health']) {
      await page.goto(path)
      await expect(page.getByRole('note')).toContainText('That needs the right to see settings')
    }
  })
})

test('a token is made, shown once, used, and revoked', async ({ signedIn: page, browser }) => {
  const name = `auditor ${Date.now()}`
  await page.goto('/settings/tokens')
  await page.getByRole('button', { name: 'Create a token…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create a token' })
  await dialog.getByLabel('What it is for').fill(name)
  await dialog.getByLabel('Role').selectOption('HISTORY')
  await expect(dialog).toContainText('May see that sessions took place.')
  await dialog.getByRole('button', { name: 'Create' }).click()
  const text = await dialog.getByTestId('token-text').innerText()
  expect(text).toMatch(/^rtr_/)
  await dialog.getByRole('button', { name: 'I have it' }).click()

  const row = page.getByRole('row').filter({ hasText: name })
  await expect(row).toContainText('History')
  await expect(row).toContainText('by browser-tests')
  await expect(page.getByText(text)).toHaveCount(0)
  await asSomebody(browser, text, async (other) => {
    await other.goto('/sessions')
    await expect(other.getByRole('table')).toBeVisible()
  })

  await row.getByRole('button', { name: /^Revoke/ }).click()
  await page.getByRole('dialog', { name: 'Revoke a token' }).getByRole('button', { name: 'Revoke' }).click()
  await expect(row).toHaveCount(0)
  await page.getByRole('button', { name: /revoked or expired/ }).click()
  await expect(row).toContainText('Revoked')
})

test('access is given with a reason, explained, and withdrawn', async ({ signedIn: page }) => {
  const user = `ines-${Date.now()}`
  await page.goto('/settings/access')
  await page.getByRole('button', { name: 'Give access…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Give access' })
  await dialog.getByLabel('Name, as the provider').fill(user)
  await dialog.getByLabel('Role').selectOption('AUDITOR')
  await expect(dialog).toContainText('see what happened in them')
  await dialog.getByLabel('Folders of the secret').fill('no/such/folder')
  await dialog.getByLabel(/^Why/).fill('the yearly audit')
  await dialog.getByRole('button', { name: 'Give access' }).click()
  const row = page.getByRole('row').filter({ hasText: `user:${user}` })
  await expect(row).toContainText('Auditor')
  await expect(row).toContainText('folder no/such/folder')
  await expect(row).toContainText('“the yearly audit”')

  await page.getByLabel('User', { exact: true }).fill(user)
  await page.getByRole('button', { name: 'Show' }).click()
  await expect(page.locator('.rights-of-answer')).toContainText(`${user} sees 0 sessions`)

  await row.getByRole('button', { name: /^Withdraw/ }).click()
  await page.getByRole('dialog', { name: 'Withdraw access' }).getByLabel(/^Why/).fill('it is over')
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
  await expect(row).toHaveCount(0)
  await expect(page.locator('.rights-of-answer')).toContainText(`${user} sees nothing`)
})

test('a browser that is signed in elsewhere is signed out', async ({ signedIn: page, browser }) => {
  const name = `visitor ${Date.now()}`
  await asSomebody(browser, await createToken('HISTORY', name), async (other) => {
    await other.goto('/sessions')
    await expect(other.getByRole('table')).toBeVisible()
    await page.goto('/settings/access')
    const row = page.getByRole('row').filter({ hasText: name })
    await row.getByRole('button', { name: /^Sign out/ }).click()
    await expect(row).toHaveCount(0)
    await other.goto('/sessions')
    await expect(other).toHaveURL(/\/sign-in/)
  })
})

test('health tells of the log, the read models and the disk, and renews itself', async ({ signedIn: page }) => {
  await page.goto('/settings/health')
  const size = page.getByTestId('health-log-size')
  await expect(size).toContainText('events')
  const before = Number((await size.textContent())?.replace(/\D/g, ''))
  for (const name of ['sessions', 'activity', 'screens', 'moments', 'redactions', 'video', 'trail']) {
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
    await expect(row).toContainText('Up to date')
  }
  await expect(page.getByRole('meter', { name: 'Used of the disk' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Retry failed videos' })).toBeVisible()
  // Another event is taken in, and told without a reload.
  await createToken('HISTORY')
  await expect
    .poll(async () => Number((await size.textContent())?.replace(/\D/g, '')), { timeout: 15_000 })
    .toBeGreaterThan(before)
})

test('the audit trail is filtered by person, kind and time, and taken as CSV', async ({ signedIn: page, browser }) => {
  const name = `searcher ${Date.now()}`
  await asSomebody(browser, await createToken('AUDITOR', name), async (other) => {
    await other.goto('/?q=marlstone')
    await expect(other.locator('[data-hit]').first()).toBeVisible()
  })
  await page.goto('/settings/trail')
  await page.getByLabel('Who').fill(name)
  const rows = page.locator('.data-table tbody tr')
  await expect(rows.filter({ hasText: 'searched for “marlstone”' }).first()).toBeVisible()
  await expect(rows.filter({ hasText: 'browser-tests' })).toHaveCount(0)
  await page.getByRole('group', { name: 'Kinds' }).getByRole('button', { name: 'Searches' }).click()
  await expect(rows.filter({ hasNotText: 'searched for' })).toHaveCount(0)

  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV' }).click()
  const csv = await readFile(await (await download).path(), 'utf8')
  expect(csv).toContain('Position,At,Who,Type,What,Session,Address,Reason')
  expect(csv).toContain(`${name},search.performed,`)

  await page.getByLabel(/^To /).fill('2020-01-01')
  await expect(page.getByText('Nobody did such a thing.')).toBeVisible()
})

test('what somebody was refused stands in the audit trail', async ({ signedIn: page, browser }) => {
  const name = `curious ${Date.now()}`
  await asSomebody(browser, await createToken('HISTORY', name), async (other) => {
    await other.goto('/settings/trail')
    await expect(other.getByRole('note')).toBeVisible()
  })
  await page.goto(`/settings/trail?kinds=denied&by=${encodeURIComponent(name)}`)
  await expect(page.getByRole('row').filter({ hasText: 'was refused trail' })).toContainText('view_settings')
})
