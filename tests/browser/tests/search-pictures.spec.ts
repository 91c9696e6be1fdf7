import type { Page } from '@playwright/test'
import { readSegment, Recorder } from '../support/recorder'
import { asSomebody, createToken, expect, test, token, truth } from '../support/test'

const { deploy } = truth

const group = (page: Page, name: string) => page.getByRole('article', { name })
const frame = (page: Page, name: string) => group(page, name).locator('.hit-picture')
/** How large the picture in a frame is, in its own pixels. */
const size = (page: Page, name: string) =>
  frame(page, name)
    .getByRole('img')
    .evaluate((img: HTMLImageElement) => img.decode().then(() => [img.naturalWidth, img.naturalHeight]))

/** A desktop in which a word is typed at 2.6 s, found once it is in the index. */
async function desktop(page: Page, title: string, word: string): Promise<Recorder> {
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title })
  for (let second = 0; second < 5; second += 1) await recorder.capture(second * 1_000, await readSegment(second))
  await recorder.say('agent', { atMs: 2_600, type: 'keys.typed', data: { text: `${word}\r` } })
  await recorder.end(4_900)
  await expect(async () => {
    await page.goto(`/?q=${word}`)
    await expect(group(page, title)).toBeVisible({ timeout: 2_000 })
  }).toPass()
  return recorder
}

/** What is written down of looks at a session. */
async function looks(page: Page, session: string): Promise<{ what: string[] }[]> {
  const query = '($id: ID!) { session(id: $id) { accesses(first: 100) { nodes { what } } } }'
  const response = await page.request.post('/graphql', {
    headers: { authorization: `Bearer ${token()}` },
    data: { query: `query${query}`, variables: { id: session } },
  })
  const { data } = await response.json()
  return data.session.accesses.nodes
}

test('a session that is found shows its screen at the best hit, and at the hit that is pointed at', async ({
  signedIn: page,
}) => {
  await page.goto(`/?q=${deploy.word}`)
  const picture = frame(page, deploy.file)
  await expect(picture).toHaveAttribute('data-state', 'shown')
  const [width = 0, height = 0] = await size(page, deploy.file)
  expect(width / height).toBeGreaterThan(1.2)
  await expect(picture.getByRole('img')).toHaveAttribute('alt', /^Screen of deploy-v3\.cast at 0:\d\d\.\d{3}$/)

  const hit = group(page, deploy.file).locator('[data-hit]').nth(1)
  const atMs = new URL((await hit.getAttribute('href')) ?? '', page.url()).searchParams.get('t')
  await hit.hover()
  await expect(picture.getByRole('img')).toHaveAttribute('src', new RegExp(`at_ms=${atMs}&of=terminal`))
  await expect(picture).toHaveAttribute('data-state', 'shown')
  await picture.click()
  await expect(page).toHaveURL(new RegExp(`/sessions/.+\\?t=${atMs}$`))
})

test('of a desktop it is the frame of that moment; several looks are one event', async ({ signedIn: page }) => {
  const title = `Typed on a desktop ${Date.now()}`
  const recorder = await desktop(page, title, 'alderfly-5170')
  await expect(frame(page, title)).toHaveAttribute('data-state', 'shown')
  await expect(frame(page, title).getByRole('img')).toHaveAttribute('src', /still\?at_ms=2600&width=448$/)
  expect(await size(page, title)).toEqual([448, 336])
  await page.reload()
  await expect(frame(page, title)).toHaveAttribute('data-state', 'shown')
  const seen = (await looks(page, recorder.session)).filter(({ what }) => what.includes('still'))
  expect(seen).toHaveLength(1)
  await frame(page, title).click()
  await expect(page).toHaveURL(/t=2600$/)
})

test('nothing that is hidden is shown: the frame stays empty', async ({ browser, page }) => {
  await page.request.post('/v1/web-session', { data: { token: token() } })
  const title = `Hidden on a desktop ${Date.now()}`
  const recorder = await desktop(page, title, 'stonecrop-8812')
  const redaction = { session: recorder.session, fromMs: 2_200, toMs: 2_800, what: 'SCREEN', reason: 'a name' }
  const answer = await page.request.post('/graphql', {
    headers: { authorization: `Bearer ${token()}` },
    data: { query: 'mutation($redaction: NewRedaction!) { redact(redaction: $redaction) }', variables: { redaction } },
  })
  expect(await answer.text()).not.toContain('errors')
  for (const role of ['AUDITOR', 'ADMIN']) {
    await asSomebody(browser, await createToken(role), async (theirs) => {
      const pictures: number[] = []
      theirs.on('response', (response) => {
        if (response.url().includes('/still?')) pictures.push(response.status())
      })
      await theirs.goto('/?q=stonecrop-8812')
      await expect(frame(theirs, title)).toHaveAttribute('data-state', 'failed')
      await expect(frame(theirs, title).locator('img')).toHaveCount(0)
      expect(pictures).toEqual([403])
    })
  }
})

test('no picture is asked for while somebody types, and none on a narrow screen', async ({ signedIn: page }) => {
  const asked: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/still?')) asked.push(request.url())
  })
  await page.goto('/')
  // Typed within the page, where the next key is due before the pause that would end the typing, however slow the machine.
  const box = page.getByRole('combobox', { name: 'Search all sessions' })
  await box.evaluate(async (input: HTMLInputElement, text) => {
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set
    for (let end = 1; end <= text.length; end += 1) {
      set?.call(input, text.slice(0, end))
      input.dispatchEvent(new Event('input', { bubbles: true }))
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
  }, 'git commit release')
  expect(asked).toEqual([])
  await expect(frame(page, deploy.file)).toHaveAttribute('data-state', 'shown')
  const forAll = asked.length
  expect(forAll).toBeLessThanOrEqual(await page.getByRole('article').count())

  await page.setViewportSize({ width: 320, height: 700 })
  await expect(frame(page, deploy.file)).toBeHidden()
  await page.getByRole('combobox', { name: 'Search all sessions' }).fill('basaltwing')
  await expect(group(page, 'incident-v2.cast')).toBeVisible()
  await page.waitForTimeout(1_000)
  expect(asked).toHaveLength(forAll)
})
