import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { OwnServer } from '../support/own-server'
import { expect, position, screenText, terminal, test } from '../support/test'
import { Typist } from '../support/typist'

test.describe.configure({ timeout: 120_000 })

let server: OwnServer
let typist: Typist

test.beforeEach(async () => {
  server = await OwnServer.make({ 'policy.inactivity_s': '10m', 'policy.idle_warning_s': '5m' })
  await server.start()
  typist = await Typist.begin(server, { user: 'mara', host: 'db1', title: 'Nightly restore' })
})
test.afterEach(async () => {
  await typist.end()
  await server.remove()
})

const live = (page: Page) => page.getByTestId('live')
const request = (page: Page) => page.getByRole('list', { name: 'Asked of the recorder' }).getByRole('listitem')

async function watch(page: Page): Promise<void> {
  await server.signIn(page)
  await page.goto(`${server.url}/sessions/${typist.session}`)
  await expect(live(page)).toBeVisible()
}

async function expectAxeClean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
}

/** How often a word stands on the screen. */
const countOf = async (page: Page, word: string) =>
  ((await terminal(page).innerText()).match(new RegExp(word, 'g')) ?? []).length

test('somebody is watched while they type, and what they did before can be seen meanwhile', async ({
  page,
  complaints,
}) => {
  await watch(page)
  await typist.type('echo quillfern-$((2000+381))')
  await expect(terminal(page)).toContainText('quillfern-2381', { timeout: 5_000 })
  await expect(live(page)).toContainText(/\d\.\d s delay/)
  await expectAxeClean(page)

  // The end moves on, also while nothing happens.
  const before = await position(page).textContent()
  await expect(position(page)).not.toHaveText(before ?? '')
  // The moments come by themselves.
  await expect(page.locator('.moment', { hasText: 'quillfern' }).first()).toBeVisible({ timeout: 10_000 })

  await page.keyboard.press('Home')
  await expect(page.getByRole('button', { name: 'Return to live' })).toContainText(/0:\d\d behind/)
  await page.keyboard.press('k')
  await expect(terminal(page)).not.toContainText('quillfern-2381')
  await expect(page).toHaveURL(/t=\d+/)
  await typist.type('echo marlstone-$((4000+417))')
  await expect(screenText(page)).not.toContainText('marlstone-4417')
  await expectAxeClean(page)

  await page.getByRole('button', { name: 'Return to live' }).click()
  await expect(live(page)).toBeVisible()
  await expect(terminal(page)).toContainText('marlstone-4417')
  await expect(page).not.toHaveURL(/t=\d+/)
  // Exactly what was written, and once: the command, and its output.
  expect(await countOf(page, 'quillfern-2381')).toBe(1)
  expect(complaints).toEqual([])
})

test('a message is shown in the terminal of the person, and its answer here', async ({ page, complaints }) => {
  await watch(page)
  await page.getByRole('button', { name: 'Message' }).click()
  const dialog = page.getByRole('dialog', { name: 'Message to mara' })
  await expect(dialog.getByRole('button', { name: 'Send message' })).toBeDisabled()
  await dialog.getByLabel('Message', { exact: true }).fill('The database goes down at noon.')
  await dialog.getByLabel('Reason').fill('CHG-77')
  await expectAxeClean(page)
  await dialog.getByRole('button', { name: 'Send message' }).click()
  await expect(dialog).toBeHidden()
  await typist.sees(/The database goes down at noon\./)
  await expect(request(page).first()).toContainText('The database goes down at noon.')
  await expect(request(page).first()).toContainText('Reason: CHG-77')
  await expect(request(page).first().locator('[data-phase=done]')).toContainText('Done')
  await expect(page.locator('.toast')).toContainText('Done')
  await expectAxeClean(page)
  expect(complaints).toEqual([])
})

test('a session is terminated for a reason, after asking once more, and the page stays at its end', async ({
  page,
  complaints,
}) => {
  await watch(page)
  await typist.type('echo hornbeam-$((7000+731))')
  await expect(terminal(page)).toContainText('hornbeam-7731')
  await page.getByRole('button', { name: 'Terminate' }).click()
  const dialog = page.getByRole('dialog', { name: 'Terminate this session?' })
  await expect(dialog).toContainText('of mara on db1')
  await expect(dialog.getByRole('button', { name: 'Terminate session' })).toBeDisabled()
  await expectAxeClean(page)
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Terminate' }).click()
  await dialog.getByLabel('Reason').fill('maintenance window')
  await dialog.getByRole('button', { name: 'Terminate session' }).click()
  await expect(request(page).first()).toContainText('Reason: maintenance window')
  await expect(request(page).first().locator('[data-phase=done]')).toBeVisible({ timeout: 20_000 })
  await expect(page.locator('.session-head').getByText('Ended')).toBeVisible({ timeout: 20_000 })
  await expect(page.getByText('terminated by an administrator')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Terminate' })).toBeHidden()
  await expect(page.locator('[data-phase=ended]')).toBeVisible()
  await expect(terminal(page)).toContainText('hornbeam-7731')
  await expect.poll(() => typist.hasEnded).toBe(true)
  await expectAxeClean(page)
  expect(complaints).toEqual([])
})

test('after a restart of the server nothing is missing and nothing there twice', async ({ page }) => {
  await watch(page)
  await typist.type('for n in 1 2 3; do echo before-$n; done')
  await expect(terminal(page)).toContainText('before-3')
  await server.stop()
  await expect(page.getByText('Connection lost, trying again')).toBeVisible({ timeout: 20_000 })
  await typist.type('for n in 1 2 3; do echo meanwhile-$n; done')
  await server.start()
  await expect(terminal(page)).toContainText('meanwhile-3', { timeout: 60_000 })
  await typist.type('echo after-$((40+2))')
  await expect(terminal(page)).toContainText('after-42', { timeout: 20_000 })
  await expect(live(page)).toBeVisible()
  for (const word of ['before-1', 'before-3', 'meanwhile-1', 'meanwhile-2', 'meanwhile-3', 'after-42']) {
    expect(await countOf(page, word), word).toBe(1)
  }
})

test('a slow network makes it later, and loses nothing', async ({ page }) => {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.enable')
  await watch(page)
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: 20_000,
    uploadThroughput: 20_000,
  })
  await page.reload()
  await expect(live(page)).toBeVisible({ timeout: 60_000 })
  await typist.type('for n in $(seq 1 300); do echo line-$n-; done; echo all-$((300+1))')
  await expect(terminal(page)).toContainText('all-301', { timeout: 60_000 })
  await expect(terminal(page)).toContainText('line-300-')
  expect(await countOf(page, 'line-299-')).toBe(1)
})

test('who may only see recordings is not offered what they may not do', async ({ page }) => {
  await server.signIn(page, await server.tokenOf('auditor'))
  await page.goto(`${server.url}/sessions/${typist.session}`)
  await expect(live(page)).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Control' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Terminate' })).toBeHidden()
})

test('those that go on are on top of the list, and counted on the first page, as they begin and end', async ({
  page,
  complaints,
}) => {
  await server.signIn(page)
  await page.goto(`${server.url}/sessions`)
  const first = page.locator('.row-link').first()
  await expect(first).toHaveText('Nightly restore')
  const second = await Typist.begin(server, { user: 'omar', host: 'web1', title: 'Second' })
  await expect(first).toHaveText('Second', { timeout: 10_000 })
  await expect(page.locator('.state-cell').first()).toContainText('Active')
  await expectAxeClean(page)
  await page.goto(server.url)
  await expect(page.getByRole('link', { name: '2 sessions are live' })).toBeVisible()
  await expectAxeClean(page)
  await second.end()
  await page.getByRole('link', { name: '1 session is live' }).click({ timeout: 20_000 })
  await expect(page).toHaveURL(/state=ACTIVE/)
  await expect(first).toHaveText('Nightly restore')
  expect(complaints).toEqual([])
})

test('where nobody can be followed, the lists are asked for now and then', async ({ page }) => {
  await server.signIn(page)
  await page.routeWebSocket(/graphql/, (socket) => socket.close({ code: 1013 }))
  await page.goto(server.url)
  await expect(page.getByRole('link', { name: '1 session is live' })).toBeVisible({ timeout: 20_000 })
  await page.goto(`${server.url}/sessions`)
  const second = await Typist.begin(server, { user: 'omar', host: 'web1', title: 'Second' })
  await expect(page.locator('.row-link').first()).toHaveText('Second', { timeout: 20_000 })
  await second.end()
})

test('who rules over sessions and may not see them, still does', async ({ page }) => {
  await server.signIn(page, await server.tokenOf('operator'))
  await page.goto(`${server.url}/sessions/${typist.session}`)
  await expect(page.getByText('You may not see what happens in this session.')).toBeVisible()
  await page.getByRole('button', { name: 'Message' }).click()
  await page.getByLabel('Message', { exact: true }).fill('Please end by noon.')
  await page.getByRole('button', { name: 'Send message' }).click()
  await typist.sees(/Please end by noon\./)
  await expect(request(page).first().locator('[data-phase=done]')).toBeVisible()
  await expectAxeClean(page)
})
