import { defineConfig } from '@playwright/test'
import tests from './playwright.config'

const [width, height] = (process.env.SCREENSHOTS_SIZE ?? '1440x900').split('x').map(Number)

/** Takes the pictures of the documentation: `npm run screenshots`. */
export default defineConfig({
  ...tests,
  testDir: 'screenshots',
  globalSetup: './screenshots/global-setup.ts',
  workers: 1,
  fullyParallel: false,
  timeout: 90_000,
  use: {
    ...tests.use,
    viewport: { width: width ?? 1440, height: height ?? 900 },
    timezoneId: 'Europe/Berlin',
    trace: 'off',
    contextOptions: { reducedMotion: 'reduce' },
  },
})
