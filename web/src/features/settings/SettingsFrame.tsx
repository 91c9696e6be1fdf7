import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTitle } from '../../lib/use-title'
import './settings.css'

type Props = { title: string; about: string; children: ReactNode }

/** What the pages about the server itself have in common: a title, and the way to the others. */
export function SettingsFrame({ title, about, children }: Props) {
  useTitle(title)
  return (
    <div className="page page-settings">
      <div className="page-head">
        <h1>{title}</h1>
        <p>{about}</p>
      </div>
      <nav className="tabs" aria-label="Settings">
        <Link to="/settings" activeOptions={{ exact: true, includeSearch: false }}>
          Settings
        </Link>
        <Link to="/settings/access">Access</Link>
        <Link to="/settings/tokens">Tokens</Link>
        <Link to="/settings/trail" activeOptions={{ includeSearch: false }}>
          Audit trail
        </Link>
        <Link to="/settings/health">Health</Link>
      </nav>
      {children}
    </div>
  )
}
