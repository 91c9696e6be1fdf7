import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { join, resolve } from 'node:path'
import { OwnServer } from '../support/own-server'
import { expect, test as base, truth } from '../support/test'

const samples = resolve(import.meta.dirname, '..', process.env.RETRACE_SAMPLES ?? '../../samples')
/** The one that is held, the one that a person purges, and those that the settings let go. */
const [held, purged] = [truth.incident.file, truth.deploy.file]
const letGo = ['plain.tlog.json', 'with-input.tlog.json']

/** What is purged here is gone: a server of its own for these journeys, which follow each other. */
let server: OwnServer

const test = base.extend<{ desk: Page }, { own: OwnServer }>({
  own: [
    async ({}, use) => {
      server = await OwnServer.make({}, [held, purged, ...letGo].map((name) => join(samples, name)))
      await server.start()
      await use(server)
      await server.remove()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  baseURL: async ({ own }, use) => use(own.url),
  desk: async ({ page, complaints }, use) => {
    await server.signIn(page)
    await use(page)
    expect(complaints, 'console errors and warnings').toEqual([])
  },
})

test.describe.configure({ mode: 'serial', timeout: 90_000 })

type Nodes = { sessions: { nodes: { id: string; recording: { name: string } | null }[] } }

async function idOf(file: string): Promise<string> {
  const { sessions } = await server.ask<Nodes>('{ sessions(first: 100) { nodes { id recording { name } } } }')
  return sessions.nodes.find(({ recording }) => recording?.name.endsWith(file))?.id ?? ''
}

const change = (name: string, value: string) =>
  server.ask('mutation($name: String!, $value: String!) { changeSetting(name: $name, value: $value) { name } }', {
    name,
    value,
  })

const panel = (page: Page) => page.getByRole('region', { name: 'Retention' })
const row = (page: Page, file: string) => page.getByRole('row').filter({ hasText: file })
const purgeButton = (page: Page) => page.getByRole('button', { name: 'Purge recording…' })

/** In light and dark, and on a narrow screen. */
async function expectFine(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { violations } = await new AxeBuilder({ page }).exclude('[data-testid=terminal]').analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
  }
  await page.setViewportSize({ width: 320, height: 640 })
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  await page.setViewportSize({ width: 1280, height: 860 })
}

test('a session that the settings let go says until which day it is kept', async ({ desk: page }) => {
  const id = await idOf(held)
  await page.goto('/purged')
  await expect(page.getByText('No recording was purged.')).toBeVisible()
  await expectFine(page)
  await page.goto(`/sessions/${id}`)
  await expect(panel(page)).toContainText('Kept for ever')
  await change('retention.keep_s', '400d')
  await page.reload()
  const until = panel(page).locator('time')
  // The day in Auckland; the instant in UTC is a hover away.
  await expect(until).toHaveText(/^20\d\d-\d\d-\d\d$/)
  await expect(until).toHaveAttribute('title', / UTC$/)
  await expect(page.locator('.session-head')).toContainText(`kept until ${await until.textContent()}`)
  await change('retention.keep_s', '0')
})

test('a session is held from the list, shows so, and cannot be purged until the hold is lifted', async ({ desk: page }) => {
  const id = await idOf(held)
  await page.goto('/sessions')
  await expect(page.getByRole('button', { name: 'Hold…' })).toBeDisabled()
  await page.getByLabel(`Select ${held}`).check()
  await page.getByRole('button', { name: 'Hold…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Place a legal hold' })
  await dialog.getByLabel(/^Matter/).fill('Case 4711')
  await expect(dialog.getByRole('button', { name: 'Place legal hold' })).toBeDisabled()
  await dialog.getByLabel('Reason').fill('asked by counsel')
  await expectFine(page)
  await dialog.getByRole('button', { name: 'Place legal hold' }).click()
  await expect(dialog).toBeHidden()
  await expect(row(page, held)).toContainText('On hold')
  await expect(row(page, purged)).not.toContainText('On hold')
  await expectFine(page)

  await page.getByRole('button', { name: '+ On hold' }).click()
  await expect(page).toHaveURL(/\/sessions\?hold=yes$/)
  await expect(page.locator('.row-link')).toHaveText([held])
  await page.reload()
  await expect(page.locator('.row-link')).toHaveText([held])

  await page.locator('.row-link').click()
  await page.getByRole('button', { name: 'On legal hold' }).click()
  const popover = page.locator('.hold-badge .holds')
  await expect(popover).toContainText('Case 4711')
  await expect(popover).toContainText('by browser-tests, since 20')
  await expect(popover).toContainText('asked by counsel')
  await expectFine(page)
  await page.keyboard.press('Escape')
  await expect(popover).toBeHidden()

  await expect(panel(page)).toContainText('It cannot be purged while it is on legal hold')
  await expect(purgeButton(page)).toBeHidden()
  const refused = server.ask('mutation($id: ID!) { purgeSession(session: $id, reason: "no") { id } }', { id })
  await expect(refused).rejects.toThrow(/hold/)

  await page.getByRole('button', { name: 'Lift hold: Case 4711' }).click()
  const lift = page.getByRole('dialog', { name: 'Lift the hold: Case 4711' })
  await lift.getByLabel('Reason').fill('settled')
  await lift.getByRole('button', { name: 'Lift hold' }).click()
  await expect(purgeButton(page)).toBeVisible()
  await expect(page.locator('.hold-badge')).toBeHidden()

  await page.getByRole('button', { name: 'Place legal hold…' }).click()
  await page.getByLabel('Reason').fill('it is not over')
  await page.getByRole('button', { name: 'Place legal hold', exact: true }).click()
  await expect(panel(page)).toContainText('No matter named')
  await expect(purgeButton(page)).toBeHidden()
})

test('an auditor holds sessions and purges none', async ({ page, browser }) => {
  await server.signIn(page, await server.tokenOf('auditor'))
  await page.goto(`/sessions/${await idOf(purged)}`)
  await expect(panel(page).getByRole('button', { name: 'Place legal hold…' })).toBeVisible()
  await expect(purgeButton(page)).toBeHidden()
  const other = await browser.newPage({ baseURL: server.url })
  await server.signIn(other, await server.tokenOf('history'))
  await other.goto('/sessions')
  await expect(other.getByRole('button', { name: 'Mark reviewed…' })).toBeVisible()
  await expect(other.getByRole('button', { name: 'Hold…' })).toBeHidden()
  await other.close()
})

test('a recording is purged with a reason and a word; its link shows what stays, and search nothing', async ({ desk: page }) => {
  const id = await idOf(purged)
  const word = truth.deploy.word.split('-')[0] ?? ''
  await page.goto(`/?q=${word}`)
  await expect(page.locator('[data-hit]').first()).toBeVisible()

  await page.goto(`/sessions/${id}?t=${truth.deploy.completeAtMs}`)
  await purgeButton(page).click()
  const dialog = page.getByRole('dialog', { name: 'Purge this recording?' })
  const purge = dialog.getByRole('button', { name: 'Purge recording' })
  await dialog.getByLabel('Reason').fill('the works council asked')
  await dialog.getByLabel(/^Type/).fill('purg')
  await expect(purge).toBeDisabled()
  await dialog.getByLabel(/^Type/).fill('purge')
  await expect(purge).toBeEnabled()
  await expectFine(page)
  await purge.click()

  for (const path of [undefined, `/sessions/${id}`, `/sessions/${id}/evidence`]) {
    if (path) await page.goto(path)
    await expect(page.getByRole('heading', { name: 'This recording was purged' })).toBeVisible()
    await expect(page.locator('.purged')).toContainText('by browser-tests: the works council asked')
    await expect(page.locator('.purged')).toContainText(/events.* destroyed, for ever/)
    await expect(page.locator('.purged')).toContainText('Every hash of its events still stands in its place')
  }
  await expect(page).toHaveTitle(/purged/)
  await expectFine(page)

  await page.getByRole('link', { name: /^The purge, at position/ }).click()
  await expect(page.getByRole('row').nth(1)).toContainText('retention.purged')
  await page.goBack()
  await page.getByRole('link', { name: 'Where its events stood' }).click()
  await expect(page.getByRole('row').nth(1)).toContainText(id)

  await page.goto(`/?q=${word}`)
  await expect(page.getByText('Nothing found')).toBeVisible()
  await page.goto('/sessions')
  await expect(page.locator('.row-link')).toHaveCount(1 + letGo.length)
  await expect(row(page, purged)).toHaveCount(0)
  await page.getByRole('link', { name: 'Purged' }).click()
  await expect(page.getByRole('row').nth(1)).toContainText('the works council asked')
  await expectFine(page)
  await page.getByRole('row').nth(1).getByRole('link').click()
  await expect(page).toHaveURL(new RegExp(`/sessions/${id}$`))

  await page.goto('/settings/trail?kinds=retention')
  const entry = page.getByRole('row').filter({ hasText: /destroyed its content: [\d\s]+ events/ })
  await expect(entry).toContainText('the works council asked')
  await expect(page.getByRole('row').filter({ hasText: 'placed it on legal hold for “Case 4711”' })).toBeVisible()
  await entry.getByRole('link', { name: 'Purged' }).click()
  await expect(page.getByRole('heading', { name: 'This recording was purged' })).toBeVisible()
})

test('a session that was never there is not said to be purged', async ({ desk: page }) => {
  await page.goto('/sessions/0199d5a0-0000-7000-8000-000000000000')
  await expect(page.getByText('This session does not exist.')).toBeVisible()
})

test('a setting that purges says how many, wants that number, and what is held stays', async ({ desk: page }) => {
  await change('retention.grace_s', '0')
  await page.goto('/settings?q=retention')
  const summary = page.getByTestId('retention-summary')
  await expect(summary).toContainText('Nothing is purged: recordings are kept for ever.')
  await expect(summary.getByRole('link', { name: '1 session on legal hold' })).toBeVisible()

  await page.getByRole('button', { name: 'Change retention.exceptions' }).click()
  await expect(page.getByText(/^Expected times and conditions \(folder, group, site, target, user\)/)).toBeVisible()
  await page.getByRole('button', { name: 'Cancel' }).click()

  await page.getByRole('button', { name: 'Change retention.keep_s' }).click()
  const form = page.getByRole('form', { name: 'Change retention.keep_s' })
  await form.getByLabel(/^New value/).fill('1s')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByRole('alert')).toContainText(/This would delete 2 recordings of .* for ever, at once\. 1 more is on legal hold/)
  const save = form.getByRole('button', { name: 'Change it all the same' })
  await expect(save).toBeDisabled()
  await form.getByLabel(/to confirm$/).fill('3')
  await expect(save).toBeDisabled()
  await form.getByLabel(/to confirm$/).fill('2')
  await expect(save).toBeEnabled()
  await expectFine(page)
  await save.click()
  await expect(page.getByTestId('value-retention.keep_s')).toHaveText('1s')

  await expect(summary).toContainText('No recording is due, none within 30 days. Legal holds keep 1 more', { timeout: 30_000 })
  await summary.getByRole('link', { name: 'Purged recordings' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'the retention settings' })).toHaveCount(letGo.length)
  await expect(page.getByRole('row').filter({ hasText: 'kept for 1s' })).toHaveCount(letGo.length)
  await page.goto('/sessions')
  await expect(page.locator('.row-link')).toHaveText([held])
  await page.goto(`/sessions/${await idOf(held)}`)
  await expect(panel(page)).toContainText('On legal hold')
})
