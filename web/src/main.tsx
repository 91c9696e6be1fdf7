import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createAppRouter, goToSignIn } from './app/router'
import { createQueryClient } from './lib/query-client'
import './styles/tokens.css'
import './styles/base.css'
import './styles/ui.css'
import './styles/tables.css'
import './styles/shell.css'

const client = createQueryClient(() => goToSignIn(router))
const router = createAppRouter(client)

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
}
