import type { Page } from '@playwright/test'
import { expect, screenText, terminal, test, truth } from '../support/test'

const box = (page: Page) => page.getByRole('combobox', { name: 'Search all sessions' })

for (const { file, word, completeAtMs } of [truth.deploy, truth.incident]) {
  test(`a word seen in ${file} is found, and its hit opens on the screen that shows it`, async ({ signedIn: page }) => {
    await page.goto('/')
    await expect(box(page)).toBeFocused()
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
  await expect(box(page)).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/sessions\/.+\?t=\d+/)
})

test('what narrows a search stands in its text and in the URL, and survives a reload', async ({ signedIn: page }) => {
  await page.goto('/?q=release')
  const command = page.getByRole('group', { name: 'Kind' }).getByRole('button', { name: 'Command' })
  await command.click()
  await expect(box(page)).toHaveValue('release kind:command')
  await page.getByLabel('Order').selectOption({ label: 'Newest' })
  await expect(page).toHaveURL(/q=release\+kind%3Acommand/)
  await expect(page).toHaveURL(/order=NEWEST/)
  await page.reload()
  await expect(command).toHaveAttribute('aria-pressed', 'true')
  await expect(page.getByLabel('Order')).toHaveValue('NEWEST')
  const hits = page.getByRole('region', { name: 'Search results' }).getByRole('listitem')
  await expect(hits.first()).toContainText('Command')
  await command.click()
  await expect(box(page)).toHaveValue('release')
})

test('fields and values are completed while one types', async ({ signedIn: page }) => {
  await page.goto('/')
  await expect(box(page)).toBeFocused()
  await page.keyboard.type('release ki')
  await expect(page.getByRole('option', { name: /^kind:/ })).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(box(page)).toHaveValue('release kind:')
  await expect(page.getByRole('option', { name: 'kind:command' })).toBeVisible()
  await page.keyboard.type('com')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Tab')
  await expect(box(page)).toHaveValue('release kind:command ')
  await expect(box(page)).toBeFocused()
  await expect(page.getByRole('listbox')).toBeHidden()
  await expect(page.locator('[data-hit]').first()).toContainText('Command')
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('[data-hit]').first()).toBeFocused()
})

test('Escape closes the suggestions and leaves the text', async ({ signedIn: page }) => {
  await page.goto('/')
  await expect(box(page)).toBeFocused()
  await page.keyboard.type('us')
  await expect(page.getByRole('option', { name: /^user:/ })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('listbox')).toBeHidden()
  await expect(box(page)).toHaveValue('us')
})

test('an error points at the character, and what was found before stays', async ({ signedIn: page }) => {
  await page.goto('/?q=release')
  await expect(page.locator('[data-hit]').first()).toBeVisible()
  await box(page).fill('release (x')
  await expect(page.getByText('`(` that is not closed')).toBeVisible()
  await expect(page.locator('.query-wrong')).toHaveText('(')
  await expect(box(page)).toHaveAttribute('aria-invalid', 'true')
  await expect(page.locator('[data-hit]').first()).toBeVisible()
  await box(page).fill('release')
  await expect(page.locator('.query-wrong')).toHaveCount(0)
})

test('an answer that comes late does not replace that of a newer question', async ({ signedIn: page }) => {
  await page.route('**/graphql', async (route) => {
    const { operationName, variables } = route.request().postDataJSON() as {
      operationName: string
      variables: { text?: string }
    }
    if (operationName === 'SearchSessions' && variables.text === 'git') {
      await new Promise((resolve) => setTimeout(resolve, 1_500))
    }
    // The page may have given the request up by now.
    await route.continue().catch(() => {})
  })
  await page.goto('/')
  await expect(box(page)).toBeFocused()
  await page.keyboard.type('git')
  await expect(page).toHaveURL(/q=git/)
  await box(page).fill('marlstone')
  await expect(page.locator('[data-hit] mark').first()).toHaveText(/marlstone/i)
  await page.waitForTimeout(2_000)
  await expect(page.locator('[data-hit] mark').first()).toHaveText(/marlstone/i)
  await expect(page).toHaveURL(/q=marlstone/)
})

test('hits stand by session, with all of them on demand', async ({ signedIn: page }) => {
  await page.goto('/?q=git')
  const session = page.getByRole('article', { name: truth.deploy.file })
  await expect(session.getByRole('listitem')).toHaveCount(4)
  await expect(page.getByText(/^\d+ hits in \d+ sessions$/)).toBeVisible()
  await session.getByRole('button', { name: /^Show all/ }).click()
  await expect.poll(() => session.getByRole('listitem').count()).toBeGreaterThan(4)
  await session.getByRole('button', { name: 'Show the best only' }).click()
  await expect(session.getByRole('listitem')).toHaveCount(4)
})

test('the earliest come first: sessions, and the hits of each', async ({ signedIn: page }) => {
  const offsets = async () => {
    const texts = await page.getByRole('article', { name: truth.deploy.file }).locator('.hit-offset').allTextContents()
    return texts.map((text) => Number(text.replace(':', '')))
  }
  await page.goto('/?q=git&order=NEWEST')
  await expect.poll(async () => (await offsets()).length).toBe(4)
  const latest = await offsets()
  await page.getByLabel('Order').selectOption({ label: 'Oldest' })
  await expect(page).toHaveURL(/order=OLDEST/)
  // Hits are in the order in which lines were complete, and tell from when on what was looked for was there.
  await expect.poll(async () => Math.max(...(await offsets()))).toBeLessThan(Math.min(...latest))
  const times = await page
    .getByRole('article')
    .locator('.match-meta time')
    .evaluateAll((all) => all.map((each) => Date.parse(each.getAttribute('datetime') ?? '')))
  expect(times.length).toBeGreaterThan(1)
  expect(times).toEqual(times.toSorted((one, other) => one - other))
})

test('a search is saved under a name, found again after a reload, and removed', async ({ signedIn: page }) => {
  await page.goto('/?q=git+kind%3Acommand')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByLabel('Name of this search').fill('What git did')
  await page.getByRole('button', { name: 'Save this search' }).click()
  await page.getByRole('button', { name: 'Close' }).click()
  await page.goto('/')
  await page.getByRole('link', { name: /^What git did/ }).click()
  await expect(box(page)).toHaveValue('git kind:command')
  await page.goto('/')
  await page.getByRole('button', { name: 'Remove the saved search What git did' }).click()
  await expect(page.getByRole('heading', { name: 'Saved searches' })).toBeHidden()
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
