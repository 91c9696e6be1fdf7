import { readFile } from 'node:fs/promises'
import { expect, test } from '../support/test'

test('a report is chosen, set, run, read, and taken as a file of the same position', async ({ signedIn: page }) => {
  await page.goto('/reports')
  await expect(page.getByRole('heading', { name: 'Choose a report' })).toBeVisible()
  await page.getByRole('link', { name: /Commands on the watch list/ }).click()
  await expect(page).toHaveURL(/report=watched-commands/)
  await page.getByLabel('Expression').fill('shadow')
  await page.getByRole('button', { name: 'Run report' }).click()
  const rows = page.locator('.report-rows tbody tr')
  await expect(rows.first()).toContainText('/etc/shadow')
  const shown = await rows.count()

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'CSV', exact: true }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^watched-commands-\d+\.csv$/)
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n')
  expect(lines).toHaveLength(shown + 1)
})

test('charts have axes, and rows lead to their sessions and events', async ({ signedIn: page }) => {
  await page.goto('/reports?report=privileged-access')
  await expect(page.getByText('Not run yet.')).toBeVisible()
  await page.getByRole('button', { name: 'Run report' }).click()
  const byUser = page.getByRole('figure', { name: /^Sessions by user/ })
  const [fill, track] = [byUser.locator('.rank-fill').first(), byUser.locator('.rank-track').first()]
  const box = async (of: typeof fill) => (await of.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
  // A bar is as long as the axis says.
  const [most, top] = [
    Number(await byUser.locator('.rank-count').first().textContent()),
    Number(await byUser.locator('.rank-axis span').last().textContent()),
  ]
  expect(top).toBeGreaterThanOrEqual(most)
  expect((await box(fill)).width / (await box(track)).width).toBeCloseTo(most / top, 1)
  const zero = await box(byUser.locator('.rank-axis span').first())
  expect(Math.abs(zero.x + zero.width / 2 - (await box(track)).x)).toBeLessThan(2)
  const overTime = page.getByRole('figure', { name: /^Over time/ })
  await expect(overTime.getByRole('row', { name: /^2026-11-20/ })).toHaveCount(1)
  await expect(overTime.locator('.time-column').first()).toBeVisible()

  await page.locator('.report-rows').getByRole('link').first().click()
  await expect(page).toHaveURL(/\/sessions\/[0-9a-f-]{36}/)
  // That is a look, of which the next report tells.
  await expect(page.locator('[data-phase=paused]')).toBeVisible()
  await page.goto('/reports?report=recording-access')
  await page.getByRole('button', { name: 'Run report' }).click()
  const event = page.locator('.report-rows tbody tr').first().getByRole('link').last()
  const position = (await event.textContent()) ?? ''
  await event.click()
  const digits = async () => ((await page.locator('.event-toggle').first().textContent()) ?? '').replace(/\D/g, '')
  await expect.poll(digits).toContain(position)
})

test('on a narrow screen the list of reports makes room for the one that is chosen', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 320, height: 700 })
  await page.goto('/reports')
  await page.getByRole('link', { name: /^Idle sessions/ }).click()
  await expect(page.getByLabel('Idle for at least (minutes)')).toHaveAccessibleDescription(/a whole number from 1 to/i)
  await expect(page.getByRole('button', { name: 'Run report' })).toBeInViewport()
  await expect(page.getByRole('navigation', { name: 'Reports' })).toBeHidden()
  await page.getByRole('link', { name: 'All reports' }).click()
  await expect(page.getByRole('link', { name: /^Idle sessions/ })).toBeVisible()
})

test('what cannot be is told, and a period without anything is no error', async ({ signedIn: page }) => {
  await page.goto('/reports?report=idle-sessions')
  await page.getByLabel('Idle for at least (minutes)').fill('soon')
  await page.getByRole('button', { name: 'Run report' }).click()
  await expect(page.getByRole('alert')).toHaveText('Expected a whole number from 1 to 100000.')
  const minutes = page.getByLabel('Idle for at least (minutes)')
  await expect(minutes).toHaveAttribute('aria-invalid', 'true')
  await expect(minutes).toHaveAccessibleDescription(/whole number/)
  await page.goto('/reports?report=reviews&from=2026-02-01&to=2026-01-01')
  await page.getByRole('button', { name: 'Run report' }).click()
  await expect(page.getByRole('alert')).toContainText('The period ends before it begins')
  await page.goto('/reports?report=reviews&from=1026-01-01&to=1999-01-01')
  await page.getByRole('button', { name: 'Run report' }).click()
  await expect(page.getByText('There is nothing to report in this period.')).toBeVisible()
})

test('a report is scheduled, run for a day that is over, taken as a file, and left alone again', async ({ signedIn: page }) => {
  const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000).toISOString().slice(0, 10)
  await page.goto('/reports?report=privileged-access')
  await page.getByRole('button', { name: 'Schedule…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Schedule “Privileged access”' })
  await dialog.getByLabel('Name of the schedule').fill('Daily access')
  await dialog.getByLabel('For each').selectOption('day')
  await dialog.getByLabel('On the day after, at').selectOption('00:00')
  await dialog.getByLabel('Time zone').fill('UTC')
  await dialog.getByLabel(/^Beginning with/).fill(yesterday)
  await dialog.getByRole('button', { name: 'Schedule' }).click()
  await expect(dialog.getByRole('alert')).toContainText('name')
  await dialog.getByLabel('Name of the schedule').fill('daily-access')
  await dialog.getByRole('button', { name: 'Schedule' }).click()
  await expect(dialog).toBeHidden()

  const row = page.getByRole('row', { name: /daily-access/ })
  await expect(async () => {
    await page.goto('/reports')
    await expect(row.getByRole('link', { name: 'CSV' })).toHaveCount(1, { timeout: 2_000 })
  }).toPass()
  const [download] = await Promise.all([page.waitForEvent('download'), row.getByRole('link', { name: 'CSV' }).click()])
  expect(download.suggestedFilename()).toMatch(/^privileged-access-\d+\.csv$/)

  await row.getByRole('button', { name: 'Remove the schedule daily-access' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(row).toHaveCount(0)
})
