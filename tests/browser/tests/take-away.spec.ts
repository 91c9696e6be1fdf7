import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { readSegment, Recorder } from '../support/recorder'
import { createToken, expect, openMoment, screenText, sessionIdOf, test, truth } from '../support/test'
import { expectPicture, openVideo, stage } from '../support/video'

const { deploy } = truth

async function taken(page: Page, take: () => Promise<unknown>): Promise<{ name: string; bytes: Buffer }> {
  const download = page.waitForEvent('download')
  await take()
  const file = await download
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
}

const pngSize = (bytes: Buffer) => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]

test('a still of a terminal and of a video is a PNG of that moment', async ({ signedIn: page }) => {
  await openMoment(page, deploy.file, deploy.completeAtMs)
  const still = await taken(page, () => page.keyboard.press('s'))
  expect(still.name).toMatch(/-terminal-51506ms\.png$/)
  expect(still.bytes.subarray(1, 4).toString()).toBe('PNG')
  const [width = 0, height = 0] = pngSize(still.bytes)
  expect(width / height).toBeGreaterThan(1.2)

  await openVideo(page, await sessionIdOf(page, 'segments'), 2_550)
  await page.getByRole('button', { name: 'Download' }).click()
  const picture = await taken(page, () => page.getByRole('button', { name: 'Still (PNG)' }).click())
  expect(picture.name).toMatch(/-2550ms\.png$/)
  expect(pngSize(picture.bytes)).toEqual([800, 600])
})

test('a clip of a video holds the part that is chosen', async ({ signedIn: page }) => {
  await openVideo(page, await sessionIdOf(page, 'segments'), 2_550)
  const whole = await page.request.get(`/v1/sessions/${await sessionIdOf(page, 'segments')}/media/video.webm`)
  await page.keyboard.press('x')
  const dialog = page.getByRole('dialog', { name: 'Download a clip' })
  await dialog.getByLabel('From').fill('0:02')
  await dialog.getByLabel('To').fill('0:03.5')
  await expect(dialog).toContainText('from 0:02.000 on')
  const clip = await taken(page, () => dialog.getByRole('link', { name: 'WebM' }).click())
  expect(clip.name).toMatch(/-from-2000ms\.webm$/)
  expect(clip.bytes.subarray(0, 4).toString('hex')).toBe('1a45dfa3')
  expect(clip.bytes.length).toBeLessThan((await whole.body()).length * 0.75)
  await dialog.getByLabel('To').fill('0:01')
  await expect(dialog).toContainText('The end has to be behind the beginning.')
})

test('a clip of a terminal is drawn', async ({ signedIn: page }) => {
  await openMoment(page, deploy.file, deploy.completeAtMs)
  await page.getByRole('button', { name: 'Download' }).click()
  await page.getByRole('button', { name: 'Clip…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Download a clip' })
  await expect(dialog.getByLabel('From')).toHaveValue('0:41.506')
  await expect(dialog.getByLabel('From')).toBeFocused()
  await dialog.getByLabel('From').fill('0:50')
  await dialog.getByLabel('To').fill('0:52')
  const clip = await taken(page, () => dialog.getByRole('link', { name: 'GIF' }).click())
  expect(clip.name).toMatch(/-from-50000ms\.gif$/)
  expect(clip.bytes.subarray(0, 6).toString()).toBe('GIF89a')
})

test('a desktop is taken away as an MP4, which is made with its progress in view', async ({ signedIn: page }) => {
  test.setTimeout(120_000)
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title: 'Two minutes of a desktop' })
  for (let second = 0; second < 120; second += 1) await recorder.capture(second * 1_000, await readSegment(second % 5))
  await recorder.end(119_900)
  await openVideo(page, recorder.session, 2_550)
  const footage = page.getByRole('region', { name: 'Footage' })
  await footage.getByRole('button', { name: 'Make an MP4' }).click()
  await expect(footage.getByRole('progressbar')).toBeVisible({ timeout: 45_000 })
  await expect(footage.getByRole('status')).toHaveText(/^An MP4 is being made/)
  const link = footage.getByRole('link', { name: /^MP4/ })
  await expect(link).toBeVisible({ timeout: 60_000 })
  await expect(footage.getByRole('progressbar')).toHaveCount(0)
  await page.getByRole('button', { name: 'Download', exact: true }).click()
  const inMenu = page.getByRole('region', { name: 'Video' }).getByRole('link', { name: /^MP4/ })
  const film = await taken(page, () => inMenu.click())
  expect(film.name).toBe(`${recorder.session}.mp4`)
  expect(film.bytes.subarray(4, 8).toString()).toBe('ftyp')
  expect(Math.abs(durationOf(film.bytes) - 120)).toBeLessThan(0.5)
})

test('all clips are taken away in one zip, each as it is taken alone', async ({ signedIn: page }) => {
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title: 'Footage that broke off' })
  // A pause of more than a minute ends a clip.
  for (const second of [0, 1, 80, 81]) await recorder.capture(second * 1_000, await readSegment(second % 5))
  await recorder.end(81_900)
  await openVideo(page, recorder.session, 550)
  const footage = page.getByRole('region', { name: 'Footage' })
  await expect(footage.getByText('2 clips')).toBeVisible()
  const zip = await taken(page, () => footage.getByRole('link', { name: 'All clips (zip)' }).click())
  expect(zip.name).toBe(`${recorder.session}-clips.zip`)
  expect(zip.bytes.subarray(0, 4).toString('hex')).toBe('504b0304')
  for (const number of [1, 2]) {
    const clip = await taken(page, () => footage.getByRole('link', { name: `Download clip ${number}` }).click())
    expect(zip.bytes.includes(clip.bytes), `clip ${number}`).toBe(true)
  }
  await page.getByRole('button', { name: 'Download', exact: true }).click()
  const inMenu = page.getByRole('link', { name: 'All clips (zip)' }).last()
  expect((await taken(page, () => inMenu.click())).bytes.equals(zip.bytes)).toBe(true)
})

test('a link to a moment shows a colleague that picture, once they have signed in', async ({
  browser,
  baseURL,
  context,
  signedIn: page,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const copied = async () => {
    await page.keyboard.press('c')
    const link = () => page.evaluate(() => navigator.clipboard.readText())
    await expect.poll(link).toContain(new URL(page.url()).pathname)
    return link()
  }
  await openVideo(page, await sessionIdOf(page, 'segments'), 2_550)
  const desktop = await copied()
  await openMoment(page, deploy.file, deploy.completeAtMs)
  const shell = await copied()

  const theirs = await (await browser.newContext({ baseURL })).newPage()
  await theirs.goto(desktop)
  await theirs.getByLabel('Access token').fill(await createToken('AUDITOR'))
  await theirs.getByRole('button', { name: 'Sign in' }).click()
  await expect(theirs).toHaveURL(/\?t=2550$/)
  await expectPicture(theirs, 2_550)
  await theirs.goto(shell)
  await expect(screenText(theirs)).toContainText(deploy.word)
  await expect(theirs.getByTestId('position')).toHaveText('0:51.506')
  // An auditor may look, and not do.
  await expect(theirs.getByRole('button', { name: 'Redact…' })).toHaveCount(0)
  await theirs.context().close()
})

/** How long an MP4 plays, in seconds: of the box `mvhd`, version 0. */
function durationOf(bytes: Buffer): number {
  const at = bytes.indexOf('mvhd') + 4
  expect(bytes[at]).toBe(0)
  return bytes.readUInt32BE(at + 16) / bytes.readUInt32BE(at + 12)
}

test('keys copy a link, and fill the screen with the player', async ({ signedIn: page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openMoment(page, deploy.file, deploy.completeAtMs)
  await page.keyboard.press('c')
  const link = () => page.evaluate(() => navigator.clipboard.readText())
  await expect.poll(link).toMatch(/\/sessions\/[0-9a-f-]+\?t=51506$/)
  await page.keyboard.press('f')
  await expect.poll(() => page.evaluate(() => document.fullscreenElement?.className)).toBe('player-main')
  await expect(page.getByRole('button', { name: 'Leave full screen' })).toBeVisible()
  await page.keyboard.press('f')
  await expect.poll(() => page.evaluate(() => document.fullscreenElement)).toBeNull()
  await expect(stage(page)).toBeVisible()
})

test('comma and dot go from frame to frame', async ({ signedIn: page }) => {
  await openVideo(page, await sessionIdOf(page, 'segments'), 2_500)
  const times: string[] = []
  for (const key of ['.', '.', ',', ',', ',']) {
    await page.keyboard.press(key)
    times.push((await page.getByTestId('position').textContent()) ?? '')
  }
  expect(times).toEqual(['0:02.600', '0:02.700', '0:02.600', '0:02.500', '0:02.400'])
})

test('pointing at the bar shows the screen of a terminal at that moment', async ({ signedIn: page }) => {
  await openMoment(page, deploy.file, 0)
  const box = await page.getByRole('slider').boundingBox()
  if (!box) throw new Error('the seek bar is not drawn')
  await page.mouse.move(box.x + box.width * 0.9, box.y + 20)
  await expect(page.locator('.small-screen')).toContainText(deploy.word)
})

test('series of the bar are switched off and on, and stay so', async ({ signedIn: page }) => {
  await openMoment(page, deploy.file, 0)
  const keys = page.getByRole('group', { name: 'What the bar shows' }).getByRole('button', { name: 'Keys' })
  await expect(page.locator('.strip path')).toHaveCount(2)
  await keys.click()
  await expect(page.locator('.strip path')).toHaveCount(1)
  await page.reload()
  await expect(page.locator('.strip path')).toHaveCount(1)
  await keys.click()
  await expect(page.locator('.strip path')).toHaveCount(2)
})
