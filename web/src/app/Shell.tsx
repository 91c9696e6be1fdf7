import { Link, Outlet, useRouter } from '@tanstack/react-router'
import { seesSettings, useRights } from '../features/auth/use-rights'
import { useSignOut, useWho } from '../features/auth/use-who'
import { Brand } from './Brand'
import { Time } from '../ui/Time'
import { OfflineNote } from './OfflineNote'
import { ThemeButton } from './ThemeButton'

export function Shell() {
  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <header className="topbar">
        <div className="topbar-inner">
          <Link to="/" className="brand" aria-label="Retrace, search">
            <Brand />
          </Link>
          <nav className="nav" aria-label="Main">
            <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
              Search
            </Link>
            <Link to="/sessions" activeOptions={{ includeSearch: false }}>
              Sessions
            </Link>
            <Link to="/log" activeOptions={{ includeSearch: false }}>
              Log
            </Link>
            <Link to="/reports" activeOptions={{ includeSearch: false }}>
              Reports
            </Link>
            <SettingsLink />
          </nav>
          <Account />
        </div>
        <OfflineNote />
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  )
}

/** Only for those who find something behind it. */
function SettingsLink() {
  const rights = useRights()
  if (!seesSettings(rights)) return null
  return (
    <Link to="/settings" activeOptions={{ includeSearch: false }}>
      Settings
    </Link>
  )
}

function Account() {
  const who = useWho()
  const router = useRouter()
  const signOut = useSignOut(() => void router.navigate({ to: '/sign-in' }))
  return (
    <div className="who">
      <ThemeButton />
      <details className="who-menu">
        <summary className="who-name" aria-label={`Account: ${who.name}`}>
          {who.name}
        </summary>
        <dl className="who-facts panel">
          <dt>{who.user ? 'User' : 'Token'}</dt>
          <dd>{who.user ?? who.name}</dd>
          {who.groups?.length > 0 && (
            <>
              <dt>Groups</dt>
              <dd>{who.groups.join(', ')}</dd>
            </>
          )}
          <dt>Roles</dt>
          <dd>{who.roles?.join(', ') || 'none'}</dd>
          {who.expiresAt && (
            <>
              <dt>Until</dt>
              <dd>
                <Time at={who.expiresAt} />
              </dd>
            </>
          )}
        </dl>
      </details>
      <button
        type="button"
        className="button button-quiet"
        disabled={signOut.isPending}
        onClick={() => signOut.mutate()}
      >
        {signOut.isError ? 'Sign out failed, try again' : 'Sign out'}
      </button>
    </div>
  )
}
