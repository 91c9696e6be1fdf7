import { expect, screenText, terminal, test, truth } from '../support/test'

for (const { file, word, completeAtMs } of [truth.deploy, truth.incident]) {
  test(`a word seen in ${file} is found, and its hit opens on the screen that shows it`, async ({ signedIn: page }) => {
    await page.goto('/')
    await expect(page.getByRole('searchbox')).toBeFocused()
    await page.keyboard.type(word)
    const hits = page.getByRole('region', { name: 'Search results' }).getByRole('listitem')
    await expect(hits.first()).toContainText(word)
    await expect(hits.first().locator('mark').first()).toBeVisible()
    await expect(page).toHaveURL(new RegExp(`q=${word}`))

    await hits.first().getByRole('link').click()
    await expect(page).toHaveURL(/\/sessions\/.+\?t=\d+/)
    const t = Number(new URL(page.url()).searchParams.get('t'))
    expect(t).toBeGreaterThanOrEqual(completeAtMs - 1)
    await expect(screenText(page)).toContainText(word)
    await expect(terminal(page)).toContainText(word)
    await expect(page.locator('.moment[aria-current=time]').first()).toBeVisible()
  })
}

test('the keyboard alone leads from the box to a hit', async ({ signedIn: page }) => {
  await page.goto('/?q=release')
  await expect(page.locator('[data-hit]').first()).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('[data-hit]').first()).toBeFocused()
  await page.keyboard.press('ArrowUp')
  await expect(page.getByRole('searchbox')).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/sessions\/.+\?t=\d+/)
})

test('the filters of a search stand in the URL and survive a reload', async ({ signedIn: page }) => {
  await page.goto('/?q=release')
  await page.getByRole('button', { name: 'Command' }).click()
  await page.getByLabel('Order').selectOption({ label: 'Newest' })
  await expect(page).toHaveURL(/kinds=COMMAND/)
  await expect(page).toHaveURL(/order=NEWEST/)
  await page.reload()
  await expect(page.getByRole('button', { name: 'Command' })).toHaveAttribute('aria-pressed', 'true')
  await expect(page.getByLabel('Order')).toHaveValue('NEWEST')
  await expect(page.getByRole('searchbox')).toHaveValue('release')
  const hits = page.getByRole('region', { name: 'Search results' }).getByRole('listitem')
  await expect(hits.first()).toContainText('Command')
})

test('nothing found says so and what to do', async ({ signedIn: page }) => {
  await page.goto('/?q=zzz-no-such-word-zzz')
  await expect(page.getByText('Nothing found for “zzz-no-such-word-zzz”.')).toBeVisible()
})

test('with an empty box the recent sessions are shown', async ({ signedIn: page }) => {
  await page.goto('/')
  // Which ones they are depends on the tests that upload some at the same time.
  const recent = page.getByRole('region', { name: 'Recent sessions' }).getByRole('listitem')
  await expect(recent).toHaveCount(8)
  await recent.first().getByRole('link').click()
  await expect(page).toHaveURL(/\/sessions\/.+/)
})
