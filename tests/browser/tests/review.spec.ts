import type { Page } from '@playwright/test'
import { readSegment, Recorder } from '../support/recorder'
import { expect, openMoment, position, screenText, terminal, test, token } from '../support/test'
import { expectPicture, openVideo, video } from '../support/video'

// A recording that no other journey changes.
const file = 'ops.ttyrec'
const review = (page: Page) => page.getByRole('button', { name: /^Review/ })

test('a reviewer comments at a moment, assigns, reviews and reopens, all within the player', async ({
  signedIn: page,
}) => {
  await openMoment(page, file, 20_000)
  await page.keyboard.press('m')
  const dialog = page.getByRole('dialog', { name: 'Comment at 0:20.000' })
  await dialog.getByLabel('What is to be seen here').fill('Why this file?')
  await page.keyboard.press('Control+Enter')
  await expect(dialog).toBeHidden()
  await expect(page.locator('.seek-comment')).toHaveAttribute('data-at-ms', '20000')

  await review(page).click()
  const comment = page.locator('.comment', { hasText: 'Why this file?' })
  await expect(comment).toContainText('browser-tests')
  await expect(comment.locator('time')).toHaveAttribute('title', /UTC/)
  await page.keyboard.press('Home')
  await comment.getByRole('link', { name: 'at 0:20.000' }).click()
  await expect(position(page)).toHaveText('0:20.000')

  await page.getByLabel('About this moment').uncheck()
  await page.getByLabel('Add a comment').fill('On the whole: fine.')
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await expect(page.locator('.comment')).toHaveCount(2)
  await expect(page.locator('.seek-comment')).toHaveCount(1)

  await page.getByRole('button', { name: 'Assign…' }).click()
  await page.getByLabel(/^To whom/).fill('ada')
  await page.getByRole('button', { name: 'Assign', exact: true }).click()
  await expect(page.getByTestId('review-state')).toContainText('assigned to ada')

  await page.getByRole('button', { name: 'Mark as reviewed…' }).click()
  await page.getByLabel('What was found (optional)').fill('nothing')
  await page.getByRole('button', { name: 'Mark as reviewed', exact: true }).click()
  await expect(page.getByTestId('review-state')).toContainText('Reviewed by browser-tests')
  await page.getByRole('button', { name: 'Reopen…' }).click()
  await page.getByLabel('Why (optional)').fill('look again')
  await page.getByRole('button', { name: 'Reopen', exact: true }).click()
  await expect(page.getByTestId('review-state')).toContainText('Not reviewed')
})

test('what a rule hides is named, revealed with a reason, and hidden again when the page is left', async ({
  signedIn: page,
}) => {
  const asked: (string | undefined)[] = []
  page.on('request', (request) => {
    if (request.url().endsWith('/graphql')) asked.push(request.headers()['retrace-reveal'])
  })
  await openMoment(page, 'incident-v2.cast', 0)
  const hidden = page.locator('.moment', { has: page.locator('.badge-hidden') }).first()
  await page.getByRole('group', { name: 'Kinds of moments' }).getByRole('button', { name: 'Keys' }).click()
  // Rules are told within half a minute of the import.
  await expect(async () => {
    await page.reload()
    await expect(hidden.locator('.badge-hidden')).toHaveText('hidden: password', { timeout: 2_000 })
  }).toPass({ timeout: 45_000 })
  await expect(hidden).toContainText('••••••••')
  await hidden.click()
  await expect(page.locator('.hidden-note')).toHaveText('Hidden: password')
  expect(asked.every((header) => header === undefined)).toBe(true)

  await page.getByRole('button', { name: 'Reveal…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Reveal what is hidden' })
  await dialog.getByLabel('Why you look at it').fill('Prüfung 7')
  await dialog.getByRole('button', { name: 'Reveal' }).click()
  await expect(page.locator('.revealed-note')).toContainText('Prüfung 7')
  await expect(page.locator('.moment', { hasText: '••••••••' })).toHaveCount(0)
  await expect(page.locator('.hidden-note')).toBeHidden()
  expect(asked.at(-1)).toBe('Pr%C3%BCfung%207')

  await page.getByRole('link', { name: 'Log', exact: true }).click()
  await page.goBack()
  await expect(page.locator('.moment', { hasText: '••••••••' }).first()).toBeVisible()
  await expect(page.locator('.revealed-note')).toHaveCount(0)
})

test('a part is redacted around the moment, and lifted with a reason', async ({ signedIn: page }) => {
  await openMoment(page, 'plain.tlog.json', 30_000)
  const before = (await screenText(page).textContent()) ?? ''
  await review(page).click()
  await page.getByRole('button', { name: 'Redact around this moment…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Redact a part of this session' })
  await expect(dialog.getByLabel('From')).toHaveValue('0:25.000')
  await dialog.getByLabel('Why').fill('a customer’s name')
  await dialog.getByRole('button', { name: 'Redact' }).click()
  await expect(dialog).toBeHidden()
  const redaction = page.locator('.redaction', { hasText: 'a customer’s name' })
  await expect(redaction).toContainText('hidden by browser-tests')
  await expect(page.locator('.hidden-note')).toHaveText('Hidden: a customer’s name')
  await expect(page.locator('.seek-span-hidden').first()).toBeVisible()
  await expect(terminal(page)).toContainText('[redacted]')

  await redaction.getByRole('button', { name: 'Lift…' }).click()
  await page.getByLabel('Why', { exact: true }).fill('a mistake')
  await page.getByRole('button', { name: 'Lift the redaction' }).click()
  await expect(redaction).toContainText('shown again by browser-tests: a mistake')
  await expect(screenText(page)).toHaveText(before)
})

test('a video of which a part is hidden plays before and behind it, and whole to who reveals it', async ({
  signedIn: page,
}) => {
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title: 'Hidden in the middle' })
  for (let second = 0; second < 5; second += 1) await recorder.capture(second * 1_000, await readSegment(second))
  await recorder.end(5_000)
  const { session } = recorder
  await openVideo(page, session, 550)
  const redaction = { session, fromMs: 2_200, toMs: 2_800, what: 'SCREEN', reason: 'a name' }
  const response = await page.request.post('/graphql', {
    headers: { 'X-Retrace-Client': 'web' },
    data: { query: 'mutation($redaction: NewRedaction!) { redact(redaction: $redaction) }', variables: { redaction } },
  })
  expect(await response.text()).not.toContain('errors')

  await openVideo(page, session, 550)
  await expectPicture(page, 550)
  await expect(video(page)).toHaveAttribute('src', /until_ms=2199$/)
  await page.goto(`/sessions/${session}?t=2550`)
  await expect(page.locator('.hidden-note')).toHaveText('Hidden: a name')
  await page.goto(`/sessions/${session}?t=4550`)
  await expectPicture(page, 4_550)
  await expect(video(page)).toHaveAttribute('src', /from_ms=\d+&until_ms=\d+$/)
  // Playing goes over what is hidden, and on with what is not.
  await page.goto(`/sessions/${session}?t=1900`)
  await page.getByRole('button', { name: 'Play' }).click()
  await expect(page.locator('[data-phase=ended]')).toBeVisible({ timeout: 20_000 })

  await page.getByRole('button', { name: 'Reveal…' }).click()
  await page.getByLabel('Why you look at it').fill('ticket 7')
  await page.getByRole('button', { name: 'Reveal', exact: true }).click()
  await expect(page.locator('.revealed-note')).toBeVisible()
  // Frames are 100 ms apart: from the beginning of one to the middle of that one.
  const box = await page.getByRole('slider').boundingBox()
  if (!box) throw new Error('the seek bar is not drawn')
  await page.mouse.click(box.x + (box.width * 2_550) / 5_000, box.y + 16)
  await expect(position(page)).toHaveText(/^0:02\.5/)
  await expect(page.locator('.hidden-note')).toBeHidden()
  await expect(video(page)).toHaveAttribute('src', /reveal=ticket%207/)
})

test('where the policy wants a reason, the page asks for it and goes on', async ({ page }) => {
  await page.request.post('/v1/web-session', { data: { token: token() } })
  const said: (string | undefined)[] = []
  let isSaid = false
  await page.route('**/graphql', async (route) => {
    const { operationName = '' } = route.request().postDataJSON() as { operationName?: string }
    if (operationName === 'ViewRecording') isSaid = true
    else if (isSaid) said.push(route.request().headers()['retrace-reason'])
    const refuses = ['Session', 'Timeline', 'Screen', 'Comments', 'Media'].includes(operationName) && !isSaid
    if (!refuses) return route.continue()
    const error = { message: 'why?', extensions: { code: 'REASON_REQUIRED' } }
    return route.fulfill({ json: { data: null, errors: [error] } })
  })
  const response = await page.request.post('/graphql', {
    headers: { 'X-Retrace-Client': 'web' },
    data: { query: '{ sessions(first: 1) { nodes { id } } }' },
  })
  const { data } = (await response.json()) as { data: { sessions: { nodes: { id: string }[] } } }
  await page.goto(`/sessions/${data.sessions.nodes[0]?.id}`)
  await expect(page.getByRole('heading', { name: 'Why do you look at this session?' })).toBeVisible()
  await page.getByLabel('Reason').fill('ticket 4711')
  await page.getByRole('button', { name: 'Go on' }).click()
  await expect(page.locator('.session-head')).toBeVisible()
  expect(new Set(said)).toEqual(new Set(['ticket%204711']))
})

test('a session of text is read and searched as text, and each line leads to its moment', async ({
  signedIn: page,
}) => {
  await openMoment(page, 'deploy-v3.cast', 51_506)
  await page.getByRole('button', { name: 'Text', exact: true }).click()
  await expect(page).toHaveURL(/view=text/)
  const transcript = page.getByRole('region', { name: 'Transcript' })
  await expect(transcript.getByRole('heading', { name: /^git log --oneline \| cat/ })).toBeVisible()
  await expect(transcript.locator('[aria-current=time]').last()).toBeInViewport()
  // The browser's own search finds what is far outside of the view.
  const isFound = await page.evaluate(() => (window as unknown as { find: (text: string) => boolean }).find('Last ') || (window as unknown as { find: (text: string) => boolean }).find('exit'))
  expect(isFound).toBe(true)
  await transcript.getByText('gerp: command not found').click()
  await expect(position(page)).toHaveText(/^0:5[0-9]\.|^1:0/)
  await page.getByRole('button', { name: 'Terminal', exact: true }).click()
  await expect(terminal(page)).toContainText('gerp')
})
