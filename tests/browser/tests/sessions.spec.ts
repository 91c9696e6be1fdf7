import { expect, test, truth } from '../support/test'

test('filters stand in the URL and survive a reload', async ({ signedIn: page }) => {
  await page.goto('/sessions')
  const rows = page.getByRole('table').locator('tbody tr')
  await expect(rows.first()).toBeVisible()
  const all = await rows.count()
  expect(all).toBeGreaterThan(1)

  await page.getByLabel('Title, user, host, command or file').fill('incident')
  await expect(page).toHaveURL(/text=incident/)
  await expect(rows).toHaveCount(1)
  await page.getByLabel('State').selectOption({ label: 'Ended' })
  await expect(page).toHaveURL(/state=ENDED/)
  await page.reload()
  await expect(page.getByLabel('Title, user, host, command or file')).toHaveValue('incident')
  await expect(page.getByLabel('State')).toHaveValue('ENDED')
  await expect(rows).toHaveCount(1)
  await expect(rows.first()).toContainText(truth.incident.file)

  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(rows).toHaveCount(all)
})

test('no match is explained, with a way out', async ({ signedIn: page }) => {
  await page.goto('/sessions?text=no-such-session')
  await expect(page.getByText('No session matches.')).toBeVisible()
})

test('a row opens its session', async ({ signedIn: page }) => {
  await page.goto('/sessions')
  await page.getByRole('link', { name: truth.deploy.file }).first().click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText(truth.deploy.file)
})
