import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import '../../src/styles/tokens.css'
import '../../src/styles/base.css'
import '../../src/styles/ui.css'
import { BundlePage } from './BundlePage'
import './bundle.css'

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <BundlePage />
    </StrictMode>,
  )
}
