import type { Page } from '@playwright/test'
import { readSegment, Recorder } from '../support/recorder'
import { expect, position, seekBar, sessionIdOf, terminal, test, token } from '../support/test'
import { expectPicture, openVideo, refuseWebm, stage, timesMs, video } from '../support/video'

const folder = 'segments'
const lastMs = timesMs.at(-1) ?? 0

test('a link to a moment shows its picture, paused, and so does each place that is sought', async ({
  signedIn: page,
}) => {
  const id = await sessionIdOf(page, folder)
  await openVideo(page, id, lastMs)
  await expectPicture(page, lastMs)
  for (const atMs of timesMs) {
    await page.goto(`/sessions/${id}?t=${atMs}`)
    await expectPicture(page, atMs)
  }
  await page.keyboard.press('Home')
  await expect(position(page)).toHaveText('0:00.000')
  const box = await seekBar(page).boundingBox()
  if (!box) throw new Error('the seek bar is not drawn')
  await page.mouse.click(box.x + box.width / 2, box.y + 10)
  await expect(position(page)).toHaveText(/^0:02\.4/)
  await expect(page).toHaveURL(/t=24\d\d/)
})

test('it plays to its end, at the speed that is chosen, and can start again', async ({ signedIn: page }) => {
  await openVideo(page, await sessionIdOf(page, folder), 0)
  await page.getByLabel('Skip idle').uncheck()
  await page.getByLabel('Speed').selectOption('2')
  await page.getByRole('button', { name: 'Play' }).click()
  await expect(stage(page)).toHaveAttribute('data-phase', 'playing')
  expect(await video(page).evaluate((element) => (element as HTMLVideoElement).playbackRate)).toBe(2)
  await expect(stage(page)).toHaveAttribute('data-phase', 'ended')
  await expect(position(page)).toHaveText('0:04.900')
  await page.getByRole('button', { name: 'Play again' }).click()
  await expect(stage(page)).toHaveAttribute('data-phase', 'playing')
  await video(page).click()
  await expect(stage(page)).toHaveAttribute('data-phase', 'paused')
})

test('stretches in which the screen stands still are shown and skipped', async ({ signedIn: page }) => {
  const id = await sessionIdOf(page, folder)
  await page.route('**/graphql', async (route) => {
    const response = await route.fetch()
    const answer = (await response.json()) as { data?: { session?: { idleStretches?: object[] } } }
    // The footage is too short to hold one that is long enough.
    if (answer.data?.session?.idleStretches) answer.data.session.idleStretches = [{ fromMs: 0, toMs: 4_000 }]
    await route.fulfill({ response, json: answer })
  })
  await openVideo(page, id, 500)
  await expect(page.locator('.seek-idle')).toBeVisible({ timeout: 20_000 })
  await page.keyboard.press('Space')
  await expect(position(page)).toHaveText(/^0:04\./, { timeout: 2_500 })
})

test('pointing at the seek bar shows what is to be seen there', async ({ signedIn: page }) => {
  await openVideo(page, await sessionIdOf(page, folder), 0)
  const box = await seekBar(page).boundingBox()
  if (!box) throw new Error('the seek bar is not drawn')
  await page.mouse.move(box.x + box.width * 0.5, box.y + 10)
  const preview = page.locator('.seek-preview .thumbnail')
  // They are made once the session has come in.
  await expect(preview).toBeVisible({ timeout: 20_000 })
  await expect(preview).toHaveAttribute('data-at-ms', '2000')
  const sheet = await preview.evaluate((element) => {
    const url = /url\("(.+)"\)/.exec(getComputedStyle(element).backgroundImage)?.[1] ?? ''
    const image = new Image()
    image.src = url
    return image.decode().then(() => [image.naturalWidth, image.naturalHeight])
  })
  expect(sheet).toEqual([800, 120])
  await expect(page.locator('.clip .thumbnail')).toBeVisible()
})

test('the video, and each clip of it, can be downloaded', async ({ signedIn: page }) => {
  await openVideo(page, await sessionIdOf(page, folder), 0)
  for (const name of [/^WebM/, 'Download clip 1']) {
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name }).click()
    expect(await (await download).failure()).toBeNull()
    expect((await download).suggestedFilename()).toMatch(/\.webm$/)
  }
})

test('what a browser cannot play is made an MP4 of, which then shows the same pictures', async ({ signedIn: page }) => {
  test.setTimeout(60_000)
  await refuseWebm(page)
  const recorder = await recordSeconds('Made an MP4 of', 5)
  await recorder.end(4_900)
  await page.goto(`/sessions/${recorder.session}?t=${lastMs}`)
  await expect(page.getByText('This browser cannot play what was captured (VP8).')).toBeVisible()
  await page.getByRole('button', { name: 'Request video processing' }).click()
  await expect(stage(page)).toHaveAttribute('data-phase', 'paused', { timeout: 45_000 })
  expect(await video(page).getAttribute('src')).toMatch(/video\.mp4$/)
  for (const atMs of timesMs) {
    await page.goto(`/sessions/${recorder.session}?t=${atMs}`)
    await expectPicture(page, atMs)
  }
  await expect(page.getByRole('link', { name: /^MP4/ })).toBeVisible()
})

test('footage that the browser gives up on is told, and what the server did not give is asked for again', async ({
  page,
}) => {
  await page.request.post('/v1/web-session', { data: { token: token() } })
  const id = await sessionIdOf(page, folder)
  await page.route('**/video.webm', (route) => route.fulfill({ status: 500, body: '' }))
  await page.goto(`/sessions/${id}?t=550`)
  await expect(page.getByRole('alert')).toContainText('The server could not answer')
  await page.unroute('**/video.webm')
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
  await expectPicture(page, 550)

  await page.route('**/video.webm', (route) => route.fulfill({ contentType: 'video/webm', body: 'no video' }))
  await page.reload()
  await expect(page.getByText('This browser cannot play what was captured')).toBeVisible()
})

test('a session with both is switched between video and terminal, at the same moment', async ({ signedIn: page }) => {
  const recorder = await recordSeconds('Captured in both ways', 5)
  await recorder.say(
    'shell',
    { atMs: 0, type: 'session.source_attached', data: { columns: 80, rows: 24 } },
    { atMs: 500, type: 'terminal.written', data: { text: '$ ' } },
    { atMs: 2_600, type: 'keys.typed', data: { text: 'hornbeam-7731\r' } },
    { atMs: 2_650, type: 'terminal.written', data: { text: 'hornbeam-7731\r\n' } },
  )
  await recorder.end(4_900)
  await openVideo(page, recorder.session, 2_550)
  await expectPicture(page, 2_550)
  await page.getByRole('button', { name: 'Terminal' }).click()
  await expect(page).toHaveURL(/view=terminal/)
  await expect(terminal(page)).toContainText('$')
  await expect(terminal(page)).not.toContainText('hornbeam')
  await expect(position(page)).toHaveText('0:02.550')
  await page.getByRole('button', { name: 'Video' }).click()
  await expectPicture(page, 2_550)

  // Keys are found, and open the video at the moment at which they were typed.
  await page.goto('/?q=hornbeam-7731&kinds=KEYS')
  await page.locator('[data-hit]').first().click()
  await expect(page).toHaveURL(/t=2600/)
  await expect(video(page)).toBeVisible()
  await expect(position(page)).toHaveText('0:02.600')
})

test('a session that goes on plays as far as it has come, and further', async ({ signedIn: page }) => {
  const recorder = await recordSeconds('Goes on', 2)
  await page.goto(`/sessions/${recorder.session}`)
  await expect(stage(page)).toHaveAttribute('data-phase', 'paused')
  await expect(video(page)).toHaveAttribute('src', /until_ms=1900/)
  await page.getByRole('button', { name: 'Go to live' }).click()
  await expect(page.getByTestId('live')).toContainText('Live')
  await expect(position(page)).toHaveText(/^0:01\.[89]/)
  const framesWithoutPicture = await watchPicture(page)

  for (const second of [2, 3]) await recorder.capture(second * 1_000, await readSegment(second))
  await expect(position(page)).toHaveText(/^0:03\.[89]/, { timeout: 20_000 })
  await expect(stage(page)).toHaveAttribute('data-phase', 'playing')

  await recorder.capture(4_000, await readSegment(4))
  await recorder.end(4_900)
  await expect(stage(page)).toHaveAttribute('data-phase', 'ended', { timeout: 20_000 })
  await expect(page.locator('.session-head').getByText('Ended')).toBeVisible()
  await expect(position(page)).toHaveText('0:04.900')
  expect(await framesWithoutPicture()).toBe(0)
})

test('how far behind live the picture of a desktop is stands beside it', async ({ signedIn: page }) => {
  const startMs = Date.now() - 3_000
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title: 'Just now' }, startMs)
  for (const second of [0, 1, 2]) await recorder.capture(second * 1_000, await readSegment(second))
  await page.goto(`/sessions/${recorder.session}?t=0`)
  const goLive = page.getByRole('button', { name: /behind Go to live$/ })
  await expect(goLive).toBeVisible()
  const behindS = async (text: Promise<string | null>) => {
    const [, minutes = '0', seconds = ''] = /(?:(\d+):)?(\d+)(?: s)? (?:behind|delay)/.exec((await text) ?? '') ?? []
    return Number(minutes) * 60 + Number(seconds)
  }
  const truthS = (offsetMs: number) => (Date.now() - startMs - offsetMs) / 1_000
  await page.waitForTimeout(1_100)
  expect(Math.abs((await behindS(goLive.textContent())) - truthS(0))).toBeLessThan(2.5)
  await goLive.click()
  const live = page.getByTestId('live')
  await expect(live).toContainText('delay')
  await page.waitForTimeout(1_500)
  expect(Math.abs((await behindS(live.textContent())) - truthS(2_900))).toBeLessThan(2.5)
  await page.keyboard.press('Home')
  await page.keyboard.press('Space')
  await recorder.end(2_900)
})

test('damaged footage is told, and the rest plays', async ({ signedIn: page }) => {
  const recorder = await recordSeconds('Damaged', 2)
  await recorder.capture(2_000, Buffer.from('this is no video'))
  await recorder.end(3_000)
  await openVideo(page, recorder.session, 550)
  await expectPicture(page, 550)
  const note = page.getByText('1 piece of footage is damaged')
  await note.click()
  await expect(page.getByRole('link', { name: 'Download the piece as it was captured' })).toBeVisible()
})

/** Counts the frames drawn from now on in which the stage shows neither the video nor its last picture. */
async function watchPicture(page: Page): Promise<() => Promise<number>> {
  await video(page).evaluate((element) => {
    const shown = element as HTMLVideoElement
    const still = shown.parentElement?.querySelector('canvas')
    const count = () => {
      if (shown.readyState < shown.HAVE_CURRENT_DATA && still?.hidden) {
        shown.dataset.missing = String(Number(shown.dataset.missing ?? 0) + 1)
      }
      requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
  })
  return () => video(page).evaluate((element) => Number(element.dataset.missing ?? 0))
}

async function recordSeconds(title: string, seconds: number): Promise<Recorder> {
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title })
  for (let second = 0; second < seconds; second += 1) {
    await recorder.capture(second * 1_000, await readSegment(second))
  }
  return recorder
}
