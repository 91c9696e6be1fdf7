import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.RETRACE_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/graphql': server, '/v1': server } },
  build: {
    target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    // The content security policy allows images from data: URLs but nothing else, so only those may be inlined.
    assetsInlineLimit: (path) => (path.endsWith('.svg') ? undefined : false),
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'jsdom',
    include: ['{src,bundle/src}/**/*.test.{ts,tsx}'],
    // Days are of the reader's clock.
    env: { TZ: 'UTC' },
    setupFiles: ['src/test/setup.ts'],
  },
})
