import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, test as base, truth } from '../support/test'

const run = promisify(execFile)
const binary = () => process.env.RETRACE_BIN ?? ''
const samples = () => process.env.RETRACE_SAMPLES ?? ''

type Fixtures = {
  /** Unpacks the bundle of a recording, and answers its folder. No server runs. */
  unpacked: (recording: string) => Promise<string>
  /** Opens the page of an unpacked bundle from the disk. */
  opened: (folder: string) => Promise<Page>
}

const test = base.extend<Fixtures>({
  unpacked: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'retrace-bundle-'))
    await use(async (recording) => {
      const [data, zip, unpacked] = [join(folder, 'data'), join(folder, 'bundle.zip'), join(folder, 'unpacked')]
      const imported = await run(binary(), ['import', '--data', data, '--json', resolve(samples(), recording)])
      const { session } = JSON.parse(imported.stdout.trim()) as { session: string }
      await run(binary(), ['export', '--data', data, session, '--bundle', '-o', zip])
      await run('python3', ['-m', 'zipfile', '-e', zip, unpacked])
      return unpacked
    })
    await rm(folder, { recursive: true, force: true })
  },
  opened: async ({ page, context, complaints }, use) => {
    await context.setOffline(true)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await use(async (folder) => {
      await page.goto(pathToFileURL(join(folder, 'index.html')).href)
      return page
    })
    expect(asked.filter((url) => !/^(file|data|blob):/.test(url)), 'asked of the network').toEqual([])
    expect(complaints, 'console errors and warnings').toEqual([])
  },
})

const proof = (page: Page) => page.getByTestId('proof')

test('opened from a disk, without server and network, it plays, finds and proves', async ({ unpacked, opened }) => {
  const page = await opened(await unpacked(truth.deploy.file))
  await expect(proof(page)).toHaveText(/^Proved: [\d\s]+ events$/)
  await page.getByLabel('Find moments').fill(truth.deploy.word)
  await page.locator('.moment').first().click()
  await expect(page.getByTestId('terminal')).toContainText(truth.deploy.word)
  await expect(page.getByTestId('terminal')).not.toContainText(truth.deploy.before)

  await page.getByRole('tab', { name: 'Custody' }).click()
  await expect(page.getByRole('row', { name: /was taken as a file .*bundle\.zip/ })).toBeVisible()
  await page.getByRole('tab', { name: 'Proof' }).click()
  await expect(page.getByText('whose signature by the key below holds')).toBeVisible()
  await page.getByRole('tab', { name: 'Session' }).click()
  await expect(page.getByRole('cell', { name: 'policy.record_keys' })).toBeVisible()
})

test('footage of a desktop plays, and goes to a moment', async ({ unpacked, opened }) => {
  const page = await opened(await unpacked(resolve(samples(), '../samples-desktop/desktop-vp9-1fps.webm')))
  await expect(proof(page)).toHaveText(/^Proved/)
  const video = page.getByTestId('video')
  await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.readyState)).toBeGreaterThan(0)
  const playedUpTo = await video.evaluate(async (element: HTMLVideoElement) => {
    element.muted = true
    element.currentTime = 30
    await element.play()
    await new Promise((resolve) => setTimeout(resolve, 700))
    return element.currentTime
  })
  expect(playedUpTo).toBeGreaterThan(30)
})

test('one letter changed in its data, and it says so', async ({ unpacked, opened }) => {
  const folder = await unpacked(truth.deploy.file)
  const script = join(folder, 'player/data/events-000000.js')
  const text = await readFile(script, 'utf8')
  await writeFile(script, text.replace('marlstone', 'marlstonE'))
  const page = await opened(folder)
  await expect(proof(page)).toHaveText('NOT PROVED')
  await page.getByRole('tab', { name: 'Proof' }).click()
  await expect(page.getByText('This is not what was recorded')).toBeVisible()
})

test('it reads well: in light and dark, wide and narrow, for assistive technology', async ({ unpacked, opened }, info) => {
  const page = await opened(await unpacked(truth.incident.file))
  await expect(proof(page)).toHaveText(/^Proved/)
  // A long list of the same takes axe long.
  await page.getByLabel('Find moments').fill('app.log')
  await expect(page.locator('.moment').first()).toBeVisible()
  test.slow()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 860 })
      for (const tab of ['Session', 'Proof', 'Custody']) {
        await page.getByRole('tab', { name: tab }).click()
        const { violations } = await new AxeBuilder({ page })
          .exclude('.ap-player')
          // It would fetch the styles once more, which a page from a disk may not.
          .options({ preload: false })
          .analyze()
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`), `${colorScheme} ${width} ${tab}`).toEqual([])
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(overflow, `${colorScheme} ${width}`).toBeLessThanOrEqual(0)
      await info.attach(`bundle-${colorScheme}-${width}`, { body: await page.screenshot({ fullPage: true }), contentType: 'image/png' })
      if (process.env.RETRACE_PICTURES) await page.screenshot({ path: `${process.env.RETRACE_PICTURES}/bundle-${colorScheme}-${width}.png` })
    }
  }
})
