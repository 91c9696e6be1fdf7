import { expect, test as base, type Browser, type Page } from '@playwright/test'

export const token = () => process.env.RETRACE_TOKEN ?? ''
const url = () => process.env.RETRACE_URL ?? ''

/** What is true in the recordings, and when: see the notes of whoever recorded them. */
export const truth = {
  deploy: { file: 'deploy-v3.cast', word: 'marlstone-4417', completeAtMs: 51_506, before: 'quillfern-8820' },
  incident: { file: 'incident-v2.cast', word: 'basaltwing-2963', completeAtMs: 54_738 },
}

type Fixtures = {
  /** Everything the browser complained about, content security policy included. */
  complaints: string[]
  signedIn: Page
}

export const test = base.extend<Fixtures>({
  baseURL: async ({}, use) => use(url()),
  complaints: async ({ page }, use) => {
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await use(complaints)
  },
  signedIn: async ({ page, complaints }, use) => {
    const response = await page.request.post('/v1/web-session', { data: { token: token() } })
    expect(response.status()).toBe(204)
    await use(page)
    expect(complaints, 'console errors and warnings').toEqual([])
  },
})

export { expect }

/** A token of a role, made by the administrator. */
export async function createToken(role: string, name = `${role} ${Date.now()}`, more: object = {}): Promise<string> {
  const response = await fetch(`${url()}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation($input: CreateTokenInput!) { createToken(input: $input) { text } }',
      variables: { input: { name, role, ...more } },
    }),
  })
  const { data } = (await response.json()) as { data: { createToken: { text: string } } }
  return data.createToken.text
}

/** Does something in a browser of its own that is signed in with a token. */
export async function asSomebody(browser: Browser, text: string, work: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ baseURL: url() })
  const page = await context.newPage()
  const response = await page.request.post('/v1/web-session', { data: { token: text } })
  expect(response.status()).toBe(204)
  await work(page)
  await context.close()
}

/** The id of the session that was imported from a sample. */
export async function sessionIdOf(page: Page, file: string): Promise<string> {
  const response = await page.request.post('/graphql', {
    headers: { 'X-Retrace-Client': 'web' },
    data: { query: '{ sessions(first: 100) { nodes { id recording { name } } } }' },
  })
  const { data } = (await response.json()) as {
    data: { sessions: { nodes: { id: string; recording: { name: string } | null }[] } }
  }
  const found = data.sessions.nodes.find((session) => session.recording?.name.endsWith(file))
  if (!found) throw new Error(`no session was imported from ${file}`)
  return found.id
}

export async function openMoment(page: Page, file: string, atMs: number): Promise<void> {
  await page.goto(`/sessions/${await sessionIdOf(page, file)}?t=${atMs}`)
  await expect(page.locator('[data-phase=paused]')).toBeVisible()
  await expect(terminal(page)).toBeVisible()
}

/** The text that the player itself has drawn. */
export const terminal = (page: Page) => page.getByTestId('terminal').locator('.ap-term-text')
/** The same as text of the server, for assistive technology. */
export const screenText = (page: Page) => page.getByTestId('screen-text')
export const position = (page: Page) => page.getByTestId('position')
export const seekBar = (page: Page) => page.getByRole('slider', { name: 'Position in the recording' })
