import type { Page } from '@playwright/test'
import { expect, test, truth } from '../support/test'

/** What the server was asked for: the variables of each question by its name. */
function questions(page: Page): Map<string, Record<string, Record<string, unknown>>> {
  const asked = new Map<string, Record<string, Record<string, unknown>>>()
  page.on('request', (request) => {
    if (!request.url().endsWith('/graphql') || request.method() !== 'POST') return
    const { operationName, variables } = request.postDataJSON()
    asked.set(operationName, variables)
  })
  return asked
}

const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name })

test.describe('a reader in India', () => {
  test.use({ timezoneId: 'Asia/Kolkata' })

  test('finds a session on the day that it was there', async ({ signedIn: page }) => {
    // It began at 22:42 UTC of the 20th: at 4:12 of the 21st in India.
    await page.goto('/sessions')
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByLabel(/^From Asia/).fill('2026-11-21')
    await page.getByLabel(/^To Asia/).fill('2026-11-21')
    await expect(page).toHaveURL(/from=2026-11-21.*to=2026-11-21/)
    await expect(row(page, truth.deploy.file)).toContainText('2026-11-21')
    const inForce = page.getByRole('group', { name: 'Filters in force' })
    await expect(inForce.getByRole('button', { name: /^From: 2026-11-21 \(Asia\/(Kolkata|Calcutta)\)/ })).toBeVisible()
    await page.goto('/sessions?from=2026-11-20&to=2026-11-20')
    await expect(inForce.getByRole('button', { name: /^To: 2026-11-20/ })).toBeVisible()
    await expect(row(page, truth.deploy.file)).toHaveCount(0)
  })

  test('asks the server of exact instants, also in a report', async ({ signedIn: page }) => {
    const asked = questions(page)
    await page.goto('/sessions?from=2026-11-21&to=2026-11-21')
    const day = { startedFrom: '2026-11-20T18:30:00.000000Z', startedTo: '2026-11-21T18:30:00.000000Z' }
    await expect.poll(() => asked.get('Sessions')?.filter).toMatchObject(day)

    await page.goto('/reports?report=privileged-access&from=2026-11-21&to=2026-11-21')
    await page.getByRole('button', { name: 'Run report' }).click()
    const period = { from: day.startedFrom, to: day.startedTo }
    await expect.poll(() => asked.get('RunReport')?.input).toMatchObject(period)
    await expect(page.getByRole('region', { name: 'Privileged access' }).getByRole('status')).toContainText('2026-11-21')
    const file = await page.getByRole('link', { name: 'CSV' }).getAttribute('href')
    expect(new URL(file ?? '', page.url()).searchParams.get('from')).toBe(day.startedFrom)
  })
})

test.describe('a reader in New York', () => {
  test.use({ timezoneId: 'America/New_York' })

  test('has days of 23 and of 25 hours when clocks are changed', async ({ signedIn: page }) => {
    const asked = questions(page)
    const cases = [
      ['2026-03-08', '2026-03-08T05:00:00.000000Z', '2026-03-09T04:00:00.000000Z'],
      ['2026-11-01', '2026-11-01T04:00:00.000000Z', '2026-11-02T05:00:00.000000Z'],
    ]
    for (const [day, startedFrom, startedTo] of cases) {
      await page.goto(`/sessions?from=${day}&to=${day}`)
      await expect.poll(() => asked.get('Sessions')?.filter).toMatchObject({ startedFrom, startedTo })
      await page.goto(`/settings/trail?from=${day}&to=${day}`)
      await expect.poll(() => asked.get('Trail')?.filter).toMatchObject({ from: startedFrom, to: startedTo })
    }
  })
})
