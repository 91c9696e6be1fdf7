import { OwnServer } from '../support/own-server'
import { expect, terminal, test } from '../support/test'
import { Typist } from '../support/typist'

test.describe.configure({ timeout: 120_000 })

test('who watches is told that a session is about to end for inactivity, and that it did', async ({ page }) => {
  const server = await OwnServer.make({ 'policy.inactivity_s': '30', 'policy.idle_warning_s': '15' })
  await server.start()
  const typist = await Typist.begin(server, { user: 'mara', host: 'db1', title: 'Forgotten' })
  try {
    await server.signIn(page)
    await page.goto(`${server.url}/sessions/${typist.session}`)
    await expect(page.getByText('ends after 30 s without a key')).toBeVisible()
    const warning = page.getByRole('list', { name: 'Limits that are near' })
    await expect(warning).toContainText(/the session ends by itself in 0:\d\d/, { timeout: 30_000 })
    // A key continues it.
    await typist.type('echo still-$((1+1))')
    await expect(terminal(page)).toContainText('still-2')
    await expect(warning).toBeHidden()
    await expect(page.getByText('ended after inactivity')).toBeVisible({ timeout: 60_000 })
    await expect(page.locator('[data-phase=ended]')).toBeVisible()
  } finally {
    await typist.end()
    await server.remove()
  }
})

test('a secret that is shown while somebody watches is hidden from them', async ({ page }) => {
  const server = await OwnServer.make()
  await server.start()
  const typist = await Typist.begin(server, { user: 'mara', host: 'db1', title: 'With a secret' })
  try {
    await server.signIn(page)
    await page.goto(`${server.url}/sessions/${typist.session}`)
    await expect(page.getByTestId('live')).toBeVisible()
    const secret = 'ghp_0123456789abcdef0123456789abcdef0123'
    await typist.type(`echo the-token ${secret}`)
    await typist.type('echo after-$((40+2))')
    await expect(terminal(page)).toContainText('after-42')
    await expect(terminal(page)).not.toContainText(secret)
    await expect(terminal(page)).toContainText('the-token ghp_••••••••', { timeout: 20_000 })
    await expect(terminal(page)).toContainText('after-42')
    await expect(terminal(page)).not.toContainText(secret)
  } finally {
    await typist.end()
    await server.remove()
  }
})
