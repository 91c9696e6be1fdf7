import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { OwnServer } from '../support/own-server'
import { readSegment, Recorder } from '../support/recorder'
import { expect, sessionIdOf, test, truth } from '../support/test'

const run = promisify(execFile)
const samples = resolve(import.meta.dirname, '..', process.env.RETRACE_SAMPLES ?? '../../samples')

test.describe.configure({ timeout: 60_000 })

const verdict = (page: Page, looks: string) => page.locator(`[data-verdict=${looks}]`)
const verify = (page: Page) => page.getByRole('button', { name: /^Verify (all|again)/ })

async function open(page: Page, id: string): Promise<void> {
  await page.goto(`/sessions/${id}/evidence`)
  await expect(verdict(page, 'good').filter({ hasText: 'The log’s key has signed' })).toBeVisible()
}

async function expectAxeClean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
}

/** Changes what the server answers, as somebody would who has power over it. */
async function tamper(page: Page, path: RegExp, change: (text: string) => string): Promise<void> {
  await page.route(path, async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: change(await response.text()) })
  })
}

test('all events of a session are hashed in the browser and led up to the signed root', async ({ signedIn: page }) => {
  const id = await sessionIdOf(page, truth.deploy.file)
  await page.goto(`/sessions/${id}`)
  await page.getByRole('link', { name: /^Evidence/ }).click()
  await expect(page).toHaveURL(new RegExp(`/sessions/${id}/evidence$`))
  await expect(page.getByText('This browser sees this log for the first time')).toBeVisible()
  await verify(page).click()
  await expect(page.getByText(/^(.+) of \1 events are in the log exactly as they were taken in$/)).toBeVisible()
  await page.getByText('What was checked').click()
  await expect(page.getByText('versions 0 to').first()).toBeVisible()
  await expect(page.getByText('All of it was recorded')).toBeVisible()
  // Who looked has this very check in it, once the page is opened again.
  await page.reload()
  await expect(page.getByText('It continues the one that this browser saw')).toBeVisible()
  await expect(page.getByRole('row', { name: /took .*\.ndjson/ }).first()).toBeVisible()
  await expectAxeClean(page)
})

test('an event that was changed is named', async ({ signedIn: page }) => {
  const id = await sessionIdOf(page, truth.deploy.file)
  await open(page, id)
  let position = ''
  await tamper(page, /\/ndjson$/, (text) => {
    const lines = text.split('\n')
    const at = lines.findIndex((line) => line.includes('"type":"terminal.written"'))
    const line = lines[at] ?? ''
    position = /"position":(\d+)/.exec(line)?.[1] ?? ''
    return lines.with(at, line.replace('"text":"', '"text":"x')).join('\n')
  })
  await verify(page).click()
  const bad = verdict(page, 'bad')
  await expect(bad).toContainText('Not proved.')
  await expect(bad).toContainText('terminal.written')
  expect((await bad.locator('b').first().textContent())?.replace(/\D/g, '')).toBe(position)
  await expect(page.getByText('not what is in the log')).toBeVisible()
  await expectAxeClean(page)
})

test('a proof that was changed, an event that is missing, and a signature of another key are found', async ({
  signedIn: page,
}) => {
  const id = await sessionIdOf(page, truth.deploy.file)
  const swap = (line: string) => (line.startsWith('A') ? `B${line.slice(1)}` : `A${line.slice(1)}`)
  const cases: [RegExp, (text: string) => string, string][] = [
    [/ndjson\.proof/, (text) => text.split('\n').with(4, swap(text.split('\n')[4] ?? '')).join('\n'), 'do not lead to the root'],
    [/\/ndjson$/, (text) => text.slice(text.indexOf('\n') + 1), 'and the proof is one for'],
    [/ndjson\.proof/, (text) => text.replace(/(— \S+ .{12})(.)/, (_, before: string, c: string) => before + (c === 'x' ? 'y' : 'x')), 'not signed by the key'],
  ]
  for (const [path, change, words] of cases) {
    await open(page, id)
    await tamper(page, path, change)
    await verify(page).click()
    await expect(verdict(page, 'bad'), words).toContainText(words)
    await page.unrouteAll()
  }
})

test('a log that shrank, forked or was replaced is told loudly', async ({ signedIn: page }) => {
  const id = await sessionIdOf(page, truth.deploy.file)
  await open(page, id)
  const change = (changed: object) =>
    page.evaluate((given) => {
      const seen = JSON.parse(localStorage.getItem('retrace.log-seen') ?? '{}') as object
      localStorage.setItem('retrace.log-seen', JSON.stringify({ ...seen, ...given }))
    }, changed)
  const cases: [object, string][] = [
    [{ size: '99999999' }, 'The log is smaller than'],
    [{ size: '3', rootHash: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }, 'not a continuation of'],
    [{ origin: 'retrace/another' }, 'Another log answers here'],
  ]
  for (const [changed, words] of cases) {
    const kept = await page.evaluate(() => localStorage.getItem('retrace.log-seen') ?? '')
    await change(changed)
    await open(page, id)
    await expect(page.getByRole('alert'), words).toContainText(words)
    await page.evaluate((text) => localStorage.setItem('retrace.log-seen', text), kept)
  }
  await change({ size: '99999999' })
  await page.reload()
  await expectAxeClean(page)
  await page.getByRole('button', { name: 'I know why: remember the new one' }).click()
  await page.reload()
  await expect(page.getByText('It continues the one that this browser saw')).toBeVisible()
})

test('the check of many events shows how far it is, and can be stopped', async ({ signedIn: page }) => {
  const id = await sessionIdOf(page, truth.deploy.file)
  await open(page, id)
  await page.route(/\/ndjson$/, async (route) => {
    await new Promise((done) => setTimeout(done, 1_500))
    await route.continue()
  })
  await page.route(/ndjson\.proof/, () => new Promise(() => undefined))
  await verify(page).click()
  await expect(page.getByText(/Reading and hashing: \d/)).toBeVisible({ timeout: 20_000 })
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(page.getByText('The check was stopped: nothing is proved about this session.')).toBeVisible()
})

test('gaps are shown in the time of the session, and footage is hashed, too', async ({ signedIn: page }) => {
  const recorder = await Recorder.launch({ user: 'mara', protocol: 'rdp', title: 'With a gap' })
  const at = (ms: number) => new Date(Date.parse('2026-11-21T09:30:00Z') + ms).toISOString()
  for (const second of [0, 1]) await recorder.capture(second * 1_000, await readSegment(second))
  await recorder.say('screen', {
    atMs: 4_000,
    type: 'recording.gap_detected',
    data: { channel: 'frames', from: at(2_000), to: at(3_000), reason: 'the disk was full' },
  })
  await recorder.end(4_000)
  await open(page, recorder.session)
  await expect(page.getByText('75.0 %')).toBeVisible()
  await expect(page.getByText('no frames: the disk was full')).toBeVisible()
  await verify(page).click()
  await expect(page.getByText(/events are in the log exactly/)).toBeVisible()
  const footage = page.getByRole('button', { name: 'Verify 2 pieces of footage, too' })
  await tamper(page, /media\/footage\//, (text) => `${text}x`)
  await footage.click()
  await expect(page.getByText('2 pieces of footage are not what the events say')).toBeVisible()
  await page.unrouteAll({ behavior: 'wait' })
  await verify(page).click()
  await expect(page.getByText(/events are in the log exactly/)).toBeVisible()
  await expectAxeClean(page)
})

test('a log that was changed on the disk proves nothing, and says so', async ({ page }) => {
  const server = await OwnServer.make({}, [join(samples, truth.deploy.file)])
  try {
    await server.start()
    await server.signIn(page)
    // The read models may not have come that far yet.
    let id = ''
    await expect(async () => {
      const { sessions } = await server.ask<{ sessions: { nodes: { id: string }[] } }>('{ sessions { nodes { id } } }')
      id = sessions.nodes[0]?.id ?? ''
      expect(id).not.toBe('')
    }).toPass()
    await server.stop()
    // One byte in the middle of the largest commit.
    const change = `
import sqlite3, sys
log = sqlite3.connect(sys.argv[1])
row, payload = log.execute("SELECT rowid, payload FROM commits ORDER BY length(payload) DESC LIMIT 1").fetchone()
changed = bytearray(payload)
changed[len(changed) // 2] ^= 1
log.execute("UPDATE commits SET payload = ? WHERE rowid = ?", (bytes(changed), row))
log.commit()`
    await run('python3', ['-c', change, join(server.data, 'log.sqlite')])
    await server.start()
    await page.goto(`${server.url}/sessions/${id}/evidence`)
    await verify(page).click()
    await expect(verdict(page, 'bad')).toContainText('nothing is proved about this session')
    await expect(page.getByText(/events are in the log exactly/)).toBeHidden()
  } finally {
    await server.remove()
  }
})

test('it fits every screen, in light and dark', async ({ signedIn: page }) => {
  const id = await sessionIdOf(page, truth.deploy.file)
  await open(page, id)
  await verify(page).click()
  await expect(page.getByText(/events are in the log exactly/)).toBeVisible()
  for (const width of [320, 3840]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${width}`).toBeLessThanOrEqual(width)
      await expectAxeClean(page)
    }
  }
})
