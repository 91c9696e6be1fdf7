import { expect, test } from '../support/test'

test('the log shows its head, and events open to their leaf', async ({ signedIn: page }) => {
  await page.goto('/log')
  const size = Number((await page.getByTestId('log-size').textContent())?.replace(/\D/g, ''))
  expect(size).toBeGreaterThan(100)
  await expect(page.getByText('Verifier key')).toBeVisible()
  await expect(page.getByLabel('Text of the checkpoint')).toContainText('—')

  const newest = page.locator('.event-toggle').first()
  await newest.click()
  await expect(newest).toHaveAttribute('aria-expanded', 'true')
  await expect(page.getByLabel(/^Leaf of event/)).toContainText('"type"')
})

test('older and newer pages stand in the URL', async ({ signedIn: page }) => {
  await page.goto('/log')
  const first = page.locator('.event-toggle').first()
  const newest = await first.textContent()
  await page.getByRole('link', { name: 'Older' }).click()
  await expect(page).toHaveURL(/before=\d+/)
  await expect(first).not.toHaveText(newest ?? '')
  await page.getByRole('link', { name: 'Newer' }).click()
  await expect(page).not.toHaveURL(/before=/)
})

test('the browser itself proves that an event is in the log', async ({ signedIn: page }) => {
  await page.goto('/log')
  await page.locator('.event-toggle').nth(3).click()
  await page.getByRole('button', { name: 'Prove that it is in the log' }).click()
  await expect(page.getByText(/^Proved: your browser hashed this leaf/)).toBeVisible()
})

test('the events of one session can be read on their own', async ({ signedIn: page }) => {
  await page.goto('/sessions')
  await page.locator('.row-link').first().click()
  await page.getByRole('link', { name: 'Events of this session' }).click()
  await expect(page).toHaveURL(/\/log\?session=/)
  await expect(page.locator('.event-toggle').first()).toBeVisible()
  await page.getByRole('link', { name: 'Show all events' }).click()
  await expect(page).toHaveURL(/\/log$/)
})
