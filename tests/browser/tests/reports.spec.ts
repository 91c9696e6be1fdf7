import { readFile } from 'node:fs/promises'
import { expect, test } from '../support/test'

test('a report is chosen, set, run, read, and taken as a file of the same position', async ({ signedIn: page }) => {
  await page.goto('/reports')
  await expect(page.getByText('Choose a report.')).toBeVisible()
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

test('what cannot be is told, and a period without anything is no error', async ({ signedIn: page }) => {
  await page.goto('/reports?report=idle-sessions')
  await page.getByLabel('Idle for at least (minutes)').fill('soon')
  await page.getByRole('button', { name: 'Run report' }).click()
  await expect(page.getByRole('alert')).toContainText('a whole number from 1 to 100000')
  await page.goto('/reports?report=reviews&from=1026-01-01&to=1999-01-01')
  await page.getByRole('button', { name: 'Run report' }).click()
  await expect(page.getByText('There is nothing to report in this period.')).toBeVisible()
})
