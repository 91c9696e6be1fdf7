import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startServer, type RunningServer } from '../support/server'
import { expect, test } from '../support/test'

const oidc = join(import.meta.dirname, '../../oidc')

/** Starts the certified provider, which lets anybody in under the name that they give. */
async function startProvider(redirectUri: string): Promise<{ issuer: string; process: ChildProcess }> {
  const provider = spawn('node', ['provider.mjs', redirectUri], { cwd: oidc, stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: provider.stdout })) return { issuer: line, process: provider }
  throw new Error('the provider ended before it said where it is')
}

async function ask(server: RunningServer, query: string): Promise<void> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ query }),
  })
  const answer = (await response.json()) as { errors?: unknown }
  expect(answer.errors).toBeUndefined()
}

test.describe('sign-in at a provider', () => {
  test.skip(!existsSync(join(oidc, 'node_modules')), 'run `npm ci` in tests/oidc')

  test('a stranger is told so, and comes in as soon as something is granted', async ({ page, complaints }) => {
    const sample = join(process.env.RETRACE_SAMPLES ?? '', 'deploy-v3.cast')
    const server = await startServer(process.env.RETRACE_BIN ?? '', [[sample]])
    const provider = await startProvider(`${server.url}/v1/sign-in/oidc/callback`)
    try {
      const settings = {
        'oidc.client_id': 'retrace',
        'oidc.scopes': 'openid profile groups',
        'oidc.label': 'Sign in with Example',
        'oidc.issuer': provider.issuer,
      }
      for (const [name, value] of Object.entries(settings)) {
        await ask(server, `mutation { changeSetting(name: "${name}", value: "${value}") { value } }`)
      }
      await page.goto(`${server.url}/sessions`)
      await page.getByRole('link', { name: 'Sign in with Example' }).click()
      await page.locator('input[name=login]').fill('alice')
      await page.locator('input[name=password]').fill('x')
      await page.locator('button[type=submit]').click()
      await page.locator('button[type=submit]').click()
      await expect(page.getByText('nothing is granted to you')).toBeVisible()
      expect(page.url().startsWith(`${server.url}/sign-in`)).toBe(true)

      await ask(server, 'mutation { giveGrant(input: {to: "group:dba", role: AUDITOR}) { id } }')
      // The provider still knows who they are.
      await page.goto(`${server.url}/sessions`)
      await page.getByRole('link', { name: 'Sign in with Example' }).click()
      await expect(page).toHaveURL(`${server.url}/sessions`)
      await expect(page.getByRole('heading', { name: 'Sessions' })).toBeVisible()
      // Until here the browser says that it was not signed in.
      complaints.length = 0
      await page.reload()
      await page.getByLabel('Account: alice').click()
      await expect(page.getByText('dba, linux')).toBeVisible()
      await expect(page.getByText('auditor')).toBeVisible()
      expect(complaints).toEqual([])
    } finally {
      provider.process.kill()
      await server.stop()
    }
  })
})
