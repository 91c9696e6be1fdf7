import type { Page } from '@playwright/test'
import { expect, position, test, token, truth } from '../support/test'

/** Presses Tab until what has the focus is what is looked for, as somebody without a mouse does. */
async function tabTo(page: Page, name: RegExp, presses = 60): Promise<void> {
  for (let press = 0; press < presses; press += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null
      if (!element?.matches('a, button, input, select, textarea, summary')) return ''
      const label = element.labels?.[0]?.textContent
      return element.getAttribute('aria-label') ?? label ?? element.textContent ?? ''
    })
    if (name.test(focused.trim())) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${presses} presses of Tab did not lead to ${name}`)
}

const focusIsSeen = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null
    if (!element || element === document.body) return false
    const { outlineStyle, outlineWidth } = getComputedStyle(element)
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
  })

test('signing in, searching, playing and changing a setting needs no mouse', async ({ page }) => {
  // Many pages, one key at a time.
  test.slow()
  await page.goto('/')
  await expect(page.getByLabel('Access token')).toBeVisible()
  await tabTo(page, /^Access token/)
  await page.keyboard.type(token())
  await page.keyboard.press('Enter')
  await expect(page.getByRole('combobox', { name: 'Search all sessions' })).toBeFocused()

  await page.keyboard.type(truth.deploy.word)
  await expect(page.locator('[data-hit]').first()).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('[data-hit]').first()).toBeFocused()
  expect(await focusIsSeen(page)).toBe(true)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/sessions\/.+t=\d+/)
  await expect(page.locator('[data-phase=paused]')).toBeVisible()

  const before = await position(page).textContent()
  await page.keyboard.press('ArrowRight')
  await expect(position(page)).not.toHaveText(before ?? '')
  await page.keyboard.press('Space')
  await expect(page.locator('[data-phase=playing]')).toBeVisible()
  await page.keyboard.press('Space')
  await expect(page.locator('[data-phase=paused]')).toBeVisible()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()

  await page.goto('/')
  await expect(page.getByRole('combobox')).toBeVisible()
  await tabTo(page, /^Settings$/)
  expect(await focusIsSeen(page)).toBe(true)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/settings$/)
  await tabTo(page, /^Search settings$/)
  await page.keyboard.type('video.height')
  await expect(page.locator('.setting')).toHaveCount(1)
  await tabTo(page, /^Change video\.height$/)
  await page.keyboard.press('Enter')
  await expect(page.getByLabel(/^New value/)).toBeFocused()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('1080')
  await page.keyboard.press('Tab')
  await page.keyboard.type('by keyboard')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('value-video.height')).toHaveText('1080')
  await expect(page.getByText('“by keyboard”')).toBeVisible()
})
