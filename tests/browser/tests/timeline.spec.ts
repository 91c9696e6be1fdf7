import type { Page } from '@playwright/test'
import { Recorder } from '../support/recorder'
import { expect, openMoment, position, sessionIdOf, test, truth } from '../support/test'

const { deploy, incident } = truth
const detail = (page: Page) => page.getByRole('region', { name: 'The chosen moment' })
const kind = (page: Page, name: string) =>
  page.getByRole('group', { name: 'Kinds of moments' }).getByRole('button', { name })
const follow = (page: Page) => page.getByLabel('Follow playback')
const current = (page: Page) => page.locator('.moment[aria-current=time]').first()

test('a moment is told in full: what ran, where, how long, and in which event it stands', async ({
  signedIn: page,
}) => {
  await openMoment(page, deploy.file, 0)
  await kind(page, 'Command').click()
  await expect(page).toHaveURL(/kinds=COMMAND/)
  await page.locator('.moment', { hasText: 'git commit' }).first().click()
  await expect(position(page)).toHaveText(/^0:51\./)
  await expect(detail(page)).toContainText("git add . && git commit -q -m 'release marlstone-4417'")
  await expect(detail(page)).toContainText('~/shop-api')
  await expect(detail(page)).toContainText('Recorded by')
  await detail(page).getByRole('link', { name: 'In the log' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Log' })).toBeVisible()
})

test('keys are told as edited and as typed', async ({ signedIn: page }) => {
  await openMoment(page, incident.file, 0)
  await kind(page, 'Keys').click()
  await page.getByLabel('Search in this session').fill('⌫')
  await page.getByLabel('Search in this session').fill('')
  const edited = page.locator('.moment[title*="⌫"]').first()
  await edited.click()
  await expect(detail(page)).toContainText('As edited')
  await expect(detail(page)).toContainText('As typed')
})

test('the timeline follows playback until the reader moves it, and again when asked to', async ({
  signedIn: page,
}) => {
  await openMoment(page, deploy.file, 100_000)
  await expect(current(page)).toBeInViewport()
  await page.locator('.moment-list').hover()
  await page.mouse.wheel(0, -4_000)
  await expect(follow(page)).not.toBeChecked()
  await expect(current(page)).not.toBeInViewport()
  await follow(page).check()
  await expect(current(page)).toBeInViewport()
})

test('a search finds by the beginning of a word, marks it and jumps to it', async ({ signedIn: page }) => {
  await openMoment(page, incident.file, 0)
  await page.getByLabel('Search in this session').fill(incident.word.slice(0, 6))
  const first = page.locator('.moment').first()
  await expect(first.locator('mark')).toHaveText(/basalt/)
  await expect(page.getByRole('status').filter({ hasText: 'moment' })).toHaveText(/^\d moments$/)
  await first.click()
  await expect(position(page)).toHaveText(/^0:5[45]\./)
  await page.getByLabel('Search in this session').fill('zzz-nothing')
  await expect(page.getByText('Nothing here contains “zzz-nothing”.')).toBeVisible()
})

test('a process, its window and its keys show while they are there, and in full', async ({ signedIn: page }) => {
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title: 'Processes' })
  const process = { path: '/usr/bin/vim', arguments: ['vim', '/etc/hosts'], pid: 71, parentPid: 70, user: 'root' }
  await recorder.say(
    'agent',
    { atMs: 1_000, type: 'window.focused', data: { title: 'ops@db1', process: '/usr/bin/xterm', pid: 12 } },
    { atMs: 2_000, type: 'process.started', data: process },
    { atMs: 6_000, type: 'process.stopped', data: { pid: 71, exitStatus: 3 } },
    { atMs: 9_000, type: 'session.ended', data: { reason: 'user' } },
  )
  await page.goto(`/sessions/${recorder.session}?t=3000`)
  const row = page.locator('.moment', { hasText: '/usr/bin/vim' })
  await expect(row).toBeVisible()
  await row.click()
  for (const known of ['/usr/bin/vim', '/etc/hosts', 'root', '71', '70', 'ops@db1', '4 s', '3']) {
    await expect(detail(page)).toContainText(known)
  }
})

test('a session of very many moments opens anywhere, and is read both ways', async ({ signedIn: page }) => {
  test.setTimeout(90_000)
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'ssh', title: 'Very many' })
  const processes = 20_000
  const at = (n: number) => 1_000 + n * 50
  for (let n = 0; n < processes; n += 1_000) {
    const said = Array.from({ length: 1_000 }, (_, k) => ({
      atMs: at(n + k),
      type: 'process.started',
      data: { path: `/bin/job-${n + k}`, arguments: ['job'], pid: 0 },
    }))
    await recorder.say('agent', ...said)
  }
  await recorder.say('agent', { atMs: at(processes), type: 'session.ended', data: { reason: 'user' } })
  await expect(async () => {
    await page.goto(`/sessions/${recorder.session}?t=${at(15_000)}`)
    await expect(page.getByText('20 000 moments')).toBeVisible({ timeout: 3_000 })
  }).toPass()
  await expect(current(page)).toContainText('job-15000')
  expect(await page.locator('.moment').count()).toBeLessThan(60)
  // On from there, farther than one page, and back.
  const list = page.locator('.moment-list')
  await list.hover()
  await scrollUntil(page, 'job-15250', 700)
  await scrollUntil(page, 'job-14800', -700)
  // To the very beginning at once.
  await follow(page).check()
  await page.locator('body').press('Home')
  await expect(page.locator('.moment', { hasText: /job-0$/ })).toBeInViewport()
})

async function scrollUntil(page: Page, text: string, byPx: number): Promise<void> {
  await expect(async () => {
    await page.mouse.wheel(0, byPx)
    await expect(page.locator('.moment', { hasText: text })).toBeVisible({ timeout: 200 })
  }).toPass({ timeout: 40_000, intervals: [20] })
}

test('keys lead to the next and the previous moment', async ({ signedIn: page }) => {
  await openMoment(page, deploy.file, 45_000)
  await page.keyboard.press('>')
  await expect(position(page)).toHaveText(/^0:51\./)
  await page.keyboard.press('<')
  await expect(position(page)).toHaveText(/^0:4[2-3]\./)
})

test('what the session holds can be chosen, and nothing else', async ({ signedIn: page }) => {
  await page.goto(`/sessions/${await sessionIdOf(page, deploy.file)}`)
  const kinds = page.getByRole('group', { name: 'Kinds of moments' }).getByRole('button')
  await expect(kinds).toHaveText(['All', 'Command', 'Keys', 'Screen'])
})

test('where the recording has a gap is told on the bar', async ({ signedIn: page }) => {
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'ssh', title: 'With a gap' })
  const at = (ms: number) => new Date(Date.parse('2026-11-21T09:30:00Z') + ms).toISOString()
  const gap = { channel: 'keys', from: at(4_000), to: at(6_000), reason: 'the disk was full' }
  await recorder.say(
    'agent',
    { atMs: 1_000, type: 'window.focused', data: { title: 'ops@db1' } },
    { atMs: 6_000, type: 'recording.gap_detected', data: gap },
    { atMs: 10_000, type: 'session.ended', data: { reason: 'user' } },
  )
  // A session that has ended is not asked for again: its page is opened until the gap is known.
  await expect(async () => {
    await page.goto(`/sessions/${recorder.session}`)
    await expect(page.locator('.seek-span-gap')).toBeVisible({ timeout: 2_000 })
  }).toPass()
  const box = await page.getByRole('slider').boundingBox()
  if (!box) throw new Error('the seek bar is not drawn')
  await page.mouse.move(box.x + box.width / 2, box.y + 16)
  await expect(page.locator('.seek-label')).toHaveText('Missing (keys): the disk was full')
})
