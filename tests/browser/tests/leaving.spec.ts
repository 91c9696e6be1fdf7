import type { Page } from '@playwright/test'
import { expect, openMoment, seekBar, test, truth } from '../support/test'

/** The script of a page takes longer than what is written to the address a little later. */
async function slowDown(page: Page, script: string): Promise<void> {
  await page.route(`**/assets/${script}-*.js`, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await route.continue()
  })
}

test('who leaves a session just after seeking gets to where the link leads', async ({ signedIn: page }) => {
  await slowDown(page, 'LogPage')
  await openMoment(page, truth.deploy.file, 0)
  const box = await seekBar(page).boundingBox()
  if (!box) throw new Error('the seek bar is not drawn')
  await page.mouse.click(box.x + box.width / 2, box.y + 10)
  await page.getByRole('link', { name: 'Log', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Log' })).toBeVisible()
  await page.waitForTimeout(500)
  await expect(page).toHaveURL(/\/log$/)
})

test('who leaves a search while typing gets to where the link leads', async ({ signedIn: page }) => {
  await slowDown(page, 'LogPage')
  await page.goto('/')
  await page.getByRole('combobox', { name: 'Search all sessions' }).pressSequentially('git')
  await page.getByRole('link', { name: 'Log', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Log' })).toBeVisible()
  await page.waitForTimeout(500)
  await expect(page).toHaveURL(/\/log$/)
})
