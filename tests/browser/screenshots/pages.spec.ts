import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { expect, seekBar, sessionIdOf, terminal, test, truth } from '../support/test'
import { Typist } from '../support/typist'

const folder = process.env.SCREENSHOTS_FOLDER ?? join(import.meta.dirname, '../../../docs/screenshots')

type Shot = { name: string; open: (page: Page) => Promise<unknown> }

const shots: Shot[] = [
  {
    name: 'search-empty',
    open: async (page) => {
      await page.goto('/')
      await expect(page.locator('.recent-item').first()).toBeVisible()
    },
  },
  {
    name: 'search',
    open: async (page) => {
      await page.goto(`/?q=${truth.deploy.word.split('-')[0]}`)
      await expect(page.locator('mark').first()).toBeVisible()
      await expect(page.locator('.hit-picture[data-state=shown]').first()).toBeVisible()
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
    name: 'player',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, truth.incident.file)}?t=43931`)
      await expect(terminal(page)).toContainText('Sorry, try again.')
      await page.locator('.moment', { hasText: 'Sorry, try again.' }).first().click()
      await expect(page.getByRole('region', { name: 'The chosen moment' })).toBeVisible()
      const bar = await seekBar(page).boundingBox()
      if (bar) await page.mouse.move(bar.x + bar.width * 0.62, bar.y + bar.height / 2)
      await expect(page.locator('.small-screen')).toContainText('ops@bastion-1')
      // Until the player has drawn what it holds.
      await page.waitForTimeout(3_000)
    },
  },
  {
    name: 'player-video',
    open: async (page) => {
      await page.goto(`/sessions/${await sessionIdOf(page, 'desktop-vp9-1fps.webm')}?t=44000`)
      await expect(page.getByTestId('video')).toBeVisible()
      await page.waitForTimeout(2_000)
    },
  },
  {
    name: 'evidence',
    open: async (page) => {
      const player = `/sessions/${await sessionIdOf(page, truth.deploy.file)}`
      await page.goto(player)
      await expect(terminal(page)).toBeVisible()
      await page.goto(`${player}/evidence`)
      await page.getByRole('button', { name: /^Verify all/ }).click()
      await expect(page.getByText(/events are in the log exactly/)).toBeVisible()
      await page.reload()
      await page.getByRole('button', { name: /^Verify all/ }).click()
      await expect(page.getByText(/events are in the log exactly/)).toBeVisible()
      await page.mouse.move(0, 0)
    },
  },
  {
    name: 'log',
    open: async (page) => {
      await page.goto('/log')
      await page.locator('.event-toggle').first().click()
      await expect(page.getByLabel(/^Leaf of event/)).toBeVisible()
    },
  },
  {
    name: 'reports-all',
    open: async (page) => {
      await page.goto('/reports')
      await expect(page.getByRole('heading', { name: 'Choose a report' })).toBeVisible()
    },
  },
  {
    name: 'reports',
    open: async (page) => {
      await page.goto('/reports?report=watched-commands')
      await page.getByRole('button', { name: 'Run report' }).click()
      await expect(page.locator('.report-rows')).toBeVisible()
      await page.mouse.move(0, 0)
    },
  },
  {
    name: 'settings',
    open: async (page) => {
      await page.goto('/settings?q=policy')
      await page.getByRole('button', { name: 'History of policy.inactivity_s' }).click()
      await expect(page.locator('.setting-history').getByRole('listitem').first()).toBeVisible()
      await page.mouse.move(0, 0)
    },
  },
  {
    name: 'settings-warning',
    open: async (page) => {
      await page.goto('/settings?q=sign_in')
      await page.getByRole('button', { name: 'Change sign_in.with_token' }).click()
      await page.getByLabel(/^New value/).selectOption('false')
      await page.getByRole('button', { name: 'Save' }).click()
      await expect(page.getByRole('button', { name: 'Change it all the same' })).toBeVisible()
    },
  },
  {
    name: 'access',
    open: async (page) => {
      await page.goto('/settings/access')
      await page.getByLabel('User', { exact: true }).fill('ines')
      await page.getByLabel('Their groups').fill('soc')
      await page.getByRole('button', { name: 'Show' }).click()
      await expect(page.locator('.rights-of-answer li').first()).toBeVisible()
      await expect(page.getByRole('row').filter({ hasText: 'This one' })).toBeVisible()
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
    name: 'trail',
    open: async (page) => {
      await page.goto('/settings/trail')
      await expect(page.getByRole('row').nth(1)).toBeVisible()
    },
  },
  {
    name: 'health',
    open: async (page) => {
      await page.goto('/settings/health')
      await expect(page.getByTestId('health-log-size')).toBeVisible()
      // Until the rate is known.
      await page.waitForTimeout(7_000)
    },
  },
]

const ask = (page: Page, query: string, variables: object) =>
  page.request.post('/graphql', { headers: { 'X-Retrace-Client': 'web' }, data: { query, variables } })

/** A picture in light and one in dark. */
async function take(page: Page, name: string, open: (page: Page) => Promise<unknown>): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await open(page)
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), caret: 'hide' })
  }
}

for (const { name, open } of shots) {
  test(name, async ({ signedIn: page }) => {
    await take(page, name, async () => {
      await open(page)
      await page.waitForLoadState('networkidle')
    })
  })
}

test('live', async ({ signedIn: page }) => {
  const server = {
    url: process.env.RETRACE_URL ?? '',
    recorderToken: process.env.RETRACE_RECORDER_TOKEN ?? '',
  }
  const typist = await Typist.begin(server, { user: 'jo', host: 'db1', title: 'Nightly restore' })
  for (const line of ['clear', 'cd /srv', 'for part in 1 2 3; do echo "part $part of 3 restored"; done', 'echo all done']) await typist.type(line)
  await take(page, 'live', async () => {
    await page.goto(`/sessions/${typist.session}`)
    await expect(terminal(page)).toContainText('part 3 of 3 restored', { timeout: 15_000 })
    await expect(page.locator('.moment').first()).toBeVisible({ timeout: 15_000 })
    await page.waitForTimeout(3_000)
  })
  await typist.end()
})

// The last: it holds a session, and destroys others.
test('retention', async ({ signedIn: page }) => {
  const held = await sessionIdOf(page, truth.incident.file)
  const reason = 'asked by counsel, letter of 2026-11-20'
  await ask(
    page,
    'mutation($held: [ID!]!, $reason: String!) { holdSessions(sessions: $held, matter: "Case 4711", reason: $reason) { id } }',
    { held: [held], reason },
  )
  await take(page, 'retention-hold', async () => {
    await page.goto(`/sessions/${held}?t=43931`)
    await expect(terminal(page)).toContainText('Sorry, try again.')
    await page.getByRole('button', { name: 'On legal hold' }).click()
    await page.waitForTimeout(3_000)
  })
  await take(page, 'retention-settings', async () => {
    await page.goto('/settings?q=retention')
    await page.getByRole('button', { name: 'Change retention.keep_s' }).click()
    await page.getByLabel(/^New value/).fill('1s')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('button', { name: 'Change it all the same' })).toBeVisible()
  })
  for (const file of ['ops.ttyrec', 'plain.tlog.json', 'with-input.tlog.json']) {
    const id = await sessionIdOf(page, file)
    const why = 'the works council’s agreement of 2026: test recordings go'
    await ask(page, 'mutation($id: ID!, $why: String!) { purgeSession(session: $id, reason: $why) { id } }', { id, why })
  }
  await take(page, 'purged', async () => {
    await page.goto('/purged')
    await expect(page.getByRole('row').nth(3)).toBeVisible()
  })
  await take(page, 'purged-session', async () => {
    await page.goto('/purged')
    await page.getByRole('row').nth(3).getByRole('link').click()
    await expect(page.getByRole('heading', { name: 'This recording was purged' })).toBeVisible()
  })
})
