import type { Page } from '@playwright/test'
import { difference, pictureAt, pictureShown } from './pictures'
import { expect } from './test'

export const stage = (page: Page) => page.getByTestId('stage')
export const video = (page: Page) => page.getByTestId('video')

/** In the middle of frames. Much changes between the second and the third, which are neighbours. */
export const timesMs = [550, 2_450, 2_550, 4_550]

/** The picture in view is that of a time, and of none of the others. */
export async function expectPicture(page: Page, atMs: number): Promise<void> {
  await expect(stage(page)).toHaveAttribute('data-busy', 'false')
  await expect(page.getByTestId('position')).toHaveText(`0:0${(atMs / 1000).toFixed(3)}`)
  const shown = await pictureShown(page)
  const apart = new Map<number, number>()
  for (const ms of timesMs) apart.set(ms, difference(shown, await pictureAt(ms)))
  const [nearest] = [...apart].toSorted(([, one], [, other]) => one - other)
  expect(nearest?.[0], JSON.stringify([...apart])).toBe(atMs)
  expect(nearest?.[1], JSON.stringify([...apart])).toBeLessThan(0.4)
}

/** Makes the browser say that it cannot play what Chromium can: no WebM, as older Safaris. */
export async function refuseWebm(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const own = HTMLMediaElement.prototype.canPlayType
    HTMLMediaElement.prototype.canPlayType = function (mediaType) {
      return mediaType.includes('webm') ? '' : own.call(this, mediaType)
    }
  })
}

export async function openVideo(page: Page, id: string, atMs: number): Promise<void> {
  await page.goto(`/sessions/${id}?t=${atMs}`)
  await expect(stage(page)).toHaveAttribute('data-phase', 'paused')
  await expect(video(page)).toBeVisible()
}
