// Takes the pictures of the documentation from a running server: node screenshots.mjs ADDRESS TOKEN FOLDER
import { mkdirSync } from 'node:fs'
import { chromium } from '@playwright/test'

const [address, token, folder] = process.argv.slice(2)
if (!folder) throw new Error('expected: node screenshots.mjs ADDRESS TOKEN FOLDER')
mkdirSync(folder, { recursive: true })

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
})
for (const colorScheme of ['light', 'dark']) {
  const context = await browser.newContext({
    baseURL: address,
    colorScheme,
    viewport: { width: 1360, height: 860 },
    timezoneId: 'UTC',
  })
  const page = await context.newPage()
  const take = (name) => page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` })

  await page.goto('/sign-in')
  await page.getByLabel(/token/i).first().fill(token)
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.getByRole('combobox').first().waitFor()
  await page.waitForLoadState('networkidle')
  await take('search-empty')

  await page.goto('/?q=marlstone')
  await page.locator('mark').first().waitFor()
  await page.waitForLoadState('networkidle')
  await take('search')

  await page.locator('a', { has: page.locator('mark') }).first().click()
  await page.getByRole('slider').first().waitFor()
  await page.waitForLoadState('networkidle')
  await page.waitForTimeout(1000)
  await take('player')

  await page.goto('/sessions')
  await page.getByRole('table').first().waitFor()
  await page.waitForLoadState('networkidle')
  await take('sessions')

  await page.goto('/log')
  await page.getByRole('table').first().waitFor()
  await page.waitForLoadState('networkidle')
  await take('log')
  await context.close()
}
await browser.close()
