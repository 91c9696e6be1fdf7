import { expect, sessionIdOf, test, token, truth } from '../support/test'

test('a wrong token is refused in plain words', async ({ page }) => {
  await page.goto('/')
  await expect(page).toHaveURL(/\/sign-in/)
  await page.getByLabel('Access token').fill('rtr_wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('This token is not known here')
})

test('the right token opens the search page, and signing out closes it', async ({ page }) => {
  await page.goto('/')
  await page.getByLabel('Access token').fill(token())
  await page.keyboard.press('Enter')
  await expect(page.getByRole('combobox', { name: 'Search all sessions' })).toBeFocused()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByLabel('Access token')).toBeVisible()
  await page.goto('/log')
  await expect(page).toHaveURL(/\/sign-in\?to=/)
})

test('a deep link asks to sign in and then shows what it named', async ({ page, browser }) => {
  const other = await browser.newPage({ baseURL: process.env.RETRACE_URL })
  await other.request.post('/v1/web-session', { data: { token: token() } })
  const id = await sessionIdOf(other, truth.deploy.file)
  await other.close()

  await page.goto(`/sessions/${id}?t=${truth.deploy.completeAtMs}`)
  await page.getByLabel('Access token').fill(token())
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(new RegExp(`/sessions/${id}\\?t=${truth.deploy.completeAtMs}$`))
  await expect(page.getByTestId('screen-text')).toContainText(truth.deploy.word)
})

test('a sign-in that leads away from this site is not followed', async ({ page }) => {
  await page.goto('/sign-in?to=//other.example/')
  await page.getByLabel('Access token').fill(token())
  await page.keyboard.press('Enter')
  await expect(page.getByRole('combobox', { name: 'Search all sessions' })).toBeVisible()
})
