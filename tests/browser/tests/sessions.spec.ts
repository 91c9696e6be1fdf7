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

test('a filter is a chip, which takes it away', async ({ signedIn: page }) => {
  await page.goto('/sessions')
  await page.getByRole('button', { name: 'More filters' }).click()
  await page.getByRole('combobox', { name: 'User', exact: true }).selectOption({ index: 1 })
  const chip = page.getByRole('button', { name: /^User: / })
  await expect(chip).toBeVisible()
  await expect(page).toHaveURL(/user=/)
  await chip.click()
  await expect(chip).toBeHidden()
  await expect(page).not.toHaveURL(/user=/)
  await page.getByRole('button', { name: '+ Not reviewed' }).click()
  await expect(page).toHaveURL(/reviewed=no/)
})

test('columns are chosen, and stay chosen', async ({ signedIn: page }) => {
  await page.goto('/sessions')
  const titles = page.getByRole('columnheader')
  await expect(titles.filter({ hasText: 'Activity' })).toBeVisible()
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('checkbox', { name: 'Format' }).check()
  await page.getByRole('checkbox', { name: 'Activity', exact: true }).uncheck()
  await page.keyboard.press('Escape')
  await page.reload()
  await expect(titles.filter({ hasText: 'Format' })).toBeVisible()
  await expect(titles.filter({ hasText: 'Activity' })).toHaveCount(0)
})

test('selected sessions are marked as reviewed, with a comment', async ({ signedIn: page }) => {
  await page.goto('/sessions?text=deploy')
  await page.getByRole('checkbox', { name: `Select ${truth.deploy.file}` }).check()
  await expect(page.getByText('1 session selected')).toBeVisible()
  await page.getByRole('button', { name: 'Mark reviewed…' }).click()
  await page.getByLabel('What was found (optional)').fill('Nothing amiss.')
  await page.getByRole('button', { name: 'Mark as reviewed' }).click()
  await expect(page.getByText('None selected')).toBeVisible()
  await expect(page.getByRole('row').filter({ hasText: truth.deploy.file })).toContainText('✓ by ')
})

test('what is shown can be taken away as CSV', async ({ signedIn: page }) => {
  await page.goto('/sessions?text=incident')
  await expect(page.locator('.row-link')).toHaveCount(1)
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV', exact: true }).click()
  const file = await (await download).createReadStream()
  const lines = Buffer.concat(await file.toArray()).toString('utf8').split('\r\n')
  expect(lines[0]).toBe('Id,Session,User,Host,Started (UTC),Duration,State,Review')
  expect(lines[1]).toContain(truth.incident.file)
  expect(lines).toHaveLength(3)
})

test('of a long list only the rows in sight are in the document, and more are read while scrolling', async ({
  signedIn: page,
}) => {
  const pages = 10
  let asked = 0
  await page.route('**/graphql', async (route) => {
    const { operationName, variables } = route.request().postDataJSON() as {
      operationName: string
      variables: { after?: string }
    }
    if (operationName !== 'Sessions') return route.continue()
    asked += 1
    // The made-up cursors are not the server's: it is always asked for its first page.
    const asIfFirst = { ...(route.request().postDataJSON() as object), variables: { ...variables, after: null } }
    const response = await route.fetch({ postData: asIfFirst })
    const body = (await response.json()) as { data: { sessions: { nodes: { id: string }[] } } }
    const at = Number(variables.after ?? 0)
    const [some] = body.data.sessions.nodes
    const nodes = Array.from({ length: 50 }, (_, row) => ({ ...some, id: `row-${at * 50 + row}`, title: `Row ${at * 50 + row}` }))
    const pageInfo = { hasNextPage: at + 1 < pages, endCursor: String(at + 1) }
    await route.fulfill({ json: { data: { sessions: { totalCount: pages * 50, pageInfo, nodes } } } })
  })
  await page.goto('/sessions')
  await expect(page.getByRole('link', { name: 'Row 0', exact: true })).toBeVisible()
  expect(asked).toBeLessThanOrEqual(2)
  const scroller = page.locator('.session-scroller')
  const last = page.getByRole('link', { name: 'Row 499', exact: true })
  await expect(async () => {
    await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight))
    await expect(last).toBeVisible({ timeout: 200 })
  }).toPass({ intervals: [50] })
  expect(await page.locator('.row-link').count()).toBeLessThan(60)
  await expect(page.getByRole('table')).toHaveAttribute('aria-rowcount', '501')
})
