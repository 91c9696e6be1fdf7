import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, sessionIdOf, terminal, test, token, truth } from '../support/test'
import { openVideo, refuseWebm } from '../support/video'

type Visit = { name: string; open: (page: Page) => Promise<void> }

const visits: Visit[] = [
  {
    name: 'search, empty',
    open: async (page) => {
      await page.goto('/')
      await expect(page.locator('.recent-item').first()).toBeVisible()
    },
  },
  {
    name: 'search, with hits',
    open: async (page) => {
      await page.goto('/?q=git')
      await expect(page.locator('[data-hit]').first()).toBeVisible()
    },
  },
  {
    name: 'search, with suggestions and an error',
    open: async (page) => {
      await page.goto('/?q=git')
      await expect(page.locator('[data-hit]').first()).toBeVisible()
      await page.locator('[data-search-box]').fill('git (us')
      await expect(page.locator('.query-error')).toBeVisible()
      await expect(page.getByRole('option').first()).toBeVisible()
      await page.keyboard.press('ArrowDown')
    },
  },
  {
    name: 'search, nothing found',
    open: async (page) => {
      await page.goto('/?q=zzz-no-such-word-zzz')
      await expect(page.getByText('Nothing found')).toBeVisible()
    },
  },
  {
    name: 'sessions',
    open: async (page) => {
      await page.goto('/sessions')
      await expect(page.locator('.row-link').first()).toBeVisible()
    },
  },
  {
    name: 'sessions, with all filters and columns',
    open: async (page) => {
      await page.goto('/sessions?reviewed=no&user=ops')
      await expect(page.locator('.row-link').first()).toBeVisible()
      await page.getByRole('button', { name: 'More filters' }).click()
      await page.getByRole('button', { name: 'Columns' }).click()
      for (const box of await page.locator('.column-choices input').all()) await box.check()
    },
  },
  {
    name: 'player',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, truth.deploy.file)}?t=${truth.deploy.completeAtMs}`)
      await expect(terminal(page)).toContainText(truth.deploy.word)
      await expect(page.locator('.moment[aria-current=time]').first()).toBeVisible()
    },
  },
  {
    name: 'player, with a moment in full',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, truth.incident.file)}?t=42000`)
      await page.locator('.moment', { has: page.locator('.badge-hidden') }).first().click()
      await expect(page.getByRole('region', { name: 'The chosen moment' })).toBeVisible()
    },
  },
  {
    name: 'player, as text, with the review and the downloads',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, truth.incident.file)}?t=42000&view=text`)
      await expect(page.locator('.transcript-command').first()).toBeVisible()
      await page.getByRole('button', { name: /^Review/ }).click()
      await page.getByRole('button', { name: 'Download', exact: true }).click()
    },
  },
  {
    name: 'player, with a clip to be chosen',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, truth.deploy.file)}?t=${truth.deploy.completeAtMs}`)
      await expect(terminal(page)).toContainText(truth.deploy.word)
      await page.keyboard.press('x')
      await expect(page.getByRole('dialog')).toBeVisible()
    },
  },
  {
    name: 'player, with video',
    open: async (page) => {
      await openVideo(page, await sessionIdOf(page, 'segments'), 2_550)
      await expect(page.locator('.clip .thumbnail')).toBeVisible({ timeout: 20_000 })
    },
  },
  {
    name: 'player, with video that this browser cannot play',
    open: async (page) => {
      await refuseWebm(page)
      await page.goto(`/sessions/${await sessionIdOf(page, 'segments')}`)
      await expect(page.getByRole('button', { name: 'Request video processing' })).toBeVisible()
    },
  },
  {
    name: 'evidence, verified',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, truth.incident.file)}/evidence`)
      await page.getByRole('button', { name: /^Verify all/ }).click()
      await expect(page.getByText(/events are in the log exactly/)).toBeVisible()
      await page.getByText('What was checked').click()
      await expect(page.getByRole('region', { name: 'Events that were checked' })).toBeVisible()
    },
  },
  {
    name: 'player, with a recording to be purged',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, truth.deploy.file)}`)
      await page.getByRole('button', { name: 'Purge recording…' }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
    },
  },
  {
    name: 'purged recordings, none',
    open: async (page) => {
      await page.goto('/purged')
      await expect(page.getByText('No recording was purged.')).toBeVisible()
    },
  },
  {
    name: 'log, with an open event',
    open: async (page) => {
      await page.goto('/log')
      await page.locator('.event-toggle').first().click()
      await expect(page.getByLabel(/^Leaf of event/)).toBeVisible()
    },
  },
  {
    name: 'settings, with a change, a history and a warning',
    open: async (page) => {
      await page.goto('/settings')
      await page.getByRole('button', { name: 'Change sign_in.with_token' }).click()
      await page.getByLabel(/^New value/).selectOption('false')
      await page.getByRole('button', { name: 'Save' }).click()
      await expect(page.getByRole('alert')).toBeVisible()
    },
  },
  {
    name: 'settings of retention',
    open: async (page) => {
      await page.goto('/settings?q=retention')
      await expect(page.getByTestId('retention-summary')).toContainText('Nothing is purged')
    },
  },
  {
    name: 'access',
    open: async (page) => {
      await page.goto('/settings/access')
      await expect(page.getByRole('row').filter({ hasText: 'This one' })).toBeVisible()
    },
  },
  {
    name: 'access, giving some',
    open: async (page) => {
      await page.goto('/settings/access')
      await page.getByRole('button', { name: 'Give access…' }).click()
      await expect(page.locator('.role-meaning')).toContainText('May see')
    },
  },
  {
    name: 'tokens',
    open: async (page) => {
      await page.goto('/settings/tokens')
      await expect(page.getByRole('row').nth(1)).toBeVisible()
    },
  },
  {
    name: 'audit trail',
    open: async (page) => {
      await page.goto('/settings/trail')
      await expect(page.getByRole('row').nth(1)).toBeVisible()
    },
  },
  {
    name: 'reports, to choose from',
    open: async (page) => {
      await page.goto('/reports')
      await expect(page.locator('.report-card').first()).toBeVisible()
    },
  },
  {
    name: 'reports, with what the server did not take',
    open: async (page) => {
      await page.goto('/reports?report=outside-hours')
      await page.getByLabel('Working hours begin at (hour)').fill('99')
      await page.getByRole('button', { name: 'Run report' }).click()
      await expect(page.getByRole('alert')).toBeVisible()
    },
  },
  {
    name: 'reports, one of them run',
    open: async (page) => {
      await page.goto('/reports?report=privileged-access')
      await page.getByRole('button', { name: 'Run report' }).click()
      await expect(page.locator('.report-rows')).toBeVisible()
    },
  },
  {
    name: 'health',
    open: async (page) => {
      await page.goto('/settings/health')
      await expect(page.getByTestId('health-log-size')).toBeVisible()
    },
  },
  {
    name: 'no such page',
    open: async (page) => {
      await page.goto('/no/such/page')
      await expect(page.getByText('There is no such page')).toBeVisible()
    },
  },
]

// Looking through a page for all rules takes a busy machine a while.
test.describe.configure({ timeout: 90_000 })

for (const { name, open } of visits) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`${name}: no accessibility violation in ${colorScheme}`, async ({ signedIn: page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await open(page)
      // Colours inside the terminal are the recording's own.
      const { violations } = await new AxeBuilder({ page }).exclude('[data-testid=terminal]').analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)).toEqual([])
    })
  }

  test(`${name}: more contrast is enough for AAA`, async ({ signedIn: page }) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, contrast: 'more', reducedMotion: 'reduce' })
      await open(page)
      const { violations } = await new AxeBuilder({ page })
        .withRules(['color-contrast', 'color-contrast-enhanced'])
        .exclude('[data-testid=terminal]')
        .analyze()
      expect(violations.flatMap(({ nodes }) => nodes.map((node) => `${colorScheme}: ${node.html}`))).toEqual([])
    }
  })

  for (const [width, height] of [[320, 640], [3840, 2160]] as const) {
    test(`${name}: fits a screen ${width} pixels wide`, async ({ signedIn: page }) => {
      await page.setViewportSize({ width, height })
      await open(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    })
  }
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`sign in: no accessibility violation in ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme })
    await page.goto('/sign-in')
    await expect(page.getByLabel('Access token')).toBeVisible()
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id }) => id)).toEqual([])
  })
}

test('where the system forces its colours, borders say what is chosen', async ({ signedIn: page }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await page.goto('/settings/trail')
  const width = (name: string) =>
    page.getByRole('button', { name, exact: true }).evaluate((chip) => getComputedStyle(chip).borderTopWidth)
  await expect(page.getByRole('button', { name: 'All', exact: true })).toBeVisible()
  expect(await width('All')).toBe('2px')
  expect(await width('Views')).toBe('1px')
})

const inForcedColours = ['search, with hits', 'player', 'player, with a moment in full', 'player, with video', 'reports, one of them run']
for (const { name, open } of visits.filter((visit) => inForcedColours.includes(visit.name))) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`${name}: no accessibility violation where a ${colorScheme} system forces its colours`, async ({ signedIn: page }) => {
      await page.emulateMedia({ forcedColors: 'active', colorScheme, reducedMotion: 'reduce' })
      await open(page)
      expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true)
      const { violations } = await new AxeBuilder({ page }).exclude('[data-testid=terminal]').analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)).toEqual([])
    })
  }
}

test('where the system forces its colours, the player says what is chosen and where one is', async ({ signedIn: page }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await page.goto(`/sessions/${await sessionIdOf(page, truth.deploy.file)}?t=${truth.deploy.completeAtMs}`)
  const style = (selector: string, name: 'outlineStyle' | 'fill' | 'backgroundColor' | 'borderTopStyle') =>
    page
      .locator(selector)
      .first()
      .evaluate((element, property) => getComputedStyle(element)[property as 'fill'], name)
  await expect(page.locator('.moment[aria-current=time]').first()).toBeVisible()
  expect(await style('.moment[aria-current=time]', 'outlineStyle')).toBe('solid')
  expect(await style('.side-tab[aria-pressed=true]', 'outlineStyle')).toBe('solid')
  // What was played, the head and the marks of the bar are told apart by their colours, which stay.
  const [track, head] = [await style('.seek-track', 'backgroundColor'), await style('.seek-head', 'backgroundColor')]
  expect(head).not.toBe(track)
  expect(await style('.strip path', 'fill')).toBe(await page.evaluate(canvasText))
})

const canvasText = () => {
  const probe = document.body.appendChild(document.createElement('span'))
  probe.style.color = 'CanvasText'
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

test('the theme can be chosen and is remembered', async ({ signedIn: page }) => {
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto('/')
  await page.getByRole('button', { name: /^Theme/ }).click()
  await page.getByRole('button', { name: /^Theme/ }).click()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(14, 17, 22)')
})

test('a server that stops answering is explained, and asked again', async ({ page }) => {
  await page.request.post('/v1/web-session', { data: { token: token() } })
  await page.route('**/graphql', (route) => route.abort())
  await page.goto('/sessions')
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached')
  await page.unroute('**/graphql')
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
  await expect(page.locator('.row-link').first()).toBeVisible()
})

test('a page that can no longer be renewed says that it may be out of date', async ({ page }) => {
  await page.request.post('/v1/web-session', { data: { token: token() } })
  await page.goto('/log')
  await expect(page.getByTestId('log-size')).toBeVisible()
  await page.route('**/graphql', (route) => route.abort())
  await expect(page.getByText('What you see may be out of date.')).toBeVisible({ timeout: 15_000 })
  await expect(page.getByTestId('log-size')).toBeVisible()
  await page.unroute('**/graphql')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByText('What you see may be out of date.')).toBeHidden()
})
