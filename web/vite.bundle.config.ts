import { readFileSync } from 'node:fs'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** What the player is made of goes along with its licences. */
function licences(...names: string[]): Plugin {
  const text = (name: string) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}\n`
  return {
    name: 'licences',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'player/LICENSES.txt', source: names.map(text).join('\n') })
    },
  }
}

/**
 * The player that lies in evidence bundles. It is opened from a disk, where browsers run no modules: so it is one plain
 * script beside its page.
 */
export default defineConfig({
  plugins: [react(), licences('asciinema-player', 'react', 'react-dom')],
  publicDir: 'bundle/public',
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    outDir: 'dist-bundle',
    assetsInlineLimit: 1 << 20,
    lib: {
      entry: 'bundle/src/main.tsx',
      formats: ['iife'],
      name: 'retracePlayer',
      fileName: () => 'player/player.js',
      cssFileName: 'player/player',
    },
  },
})
