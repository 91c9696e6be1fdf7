import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { Brand } from '../app/Brand'
import { useSignIn, useSignInWays } from '../features/auth/use-who'
import { toApiError } from '../lib/errors'
import { paths } from '../lib/paths'
import { useTitle } from '../lib/use-title'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  useTitle('Sign in')
  const { to, problem } = route.useSearch()
  const ways = useSignInWays()
  const router = useRouter()
  const [token, setToken] = useState('')
  const signIn = useSignIn(() => void router.navigate({ href: to ?? paths.find(), replace: true }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate(token.trim())
  }
  return (
    <main className="center-page">
      <div className="sign-in">
        <span className="brand">
          <Brand />
        </span>
        <p className="lead">Search and replay recorded sessions.</p>
        {problem && (
          <p className="sign-in-problem" role="alert">
            {problems[problem] ?? problems.failed}
          </p>
        )}
        {ways.oidc && (
          <div className="panel sign-in-provider">
            {!ways.token && <h1>Sign in</h1>}
            {/* A link and not a request: the browser goes to the provider, and comes back signed in. */}
            <a className="button button-primary" href={`/v1/sign-in/oidc?to=${encodeURIComponent(to ?? paths.find())}`}>
              {ways.oidc.label}
            </a>
          </div>
        )}
        {ways.token && (
          <form className="panel" onSubmit={submit}>
            <h1>{ways.oidc ? 'Or with a token' : 'Sign in'}</h1>
            <label className="field">
              <span>Access token</span>
              {/* A password field, so that a password manager can keep it and nobody reads it off the screen. */}
              <input
                className="input mono"
                type="password"
                name="token"
                autoComplete="current-password"
                autoFocus={!ways.oidc}
                required
                spellCheck={false}
                placeholder="rtr_…"
                value={token}
                aria-describedby="sign-in-error sign-in-hint"
                aria-invalid={signIn.isError}
                onChange={(event) => setToken(event.target.value)}
              />
            </label>
            <p id="sign-in-error" className="sign-in-error" role="alert">
              {signIn.isError && wordsFor(signIn.error)}
            </p>
            <button type="submit" className="button button-primary" disabled={signIn.isPending}>
              {signIn.isPending ? 'Signing in…' : 'Sign in'}
            </button>
            <p id="sign-in-hint" className="hint">
              No token yet? Whoever runs the server makes one with <code>retrace token create --name you</code>.
            </p>
          </form>
        )}
      </div>
    </main>
  )
}

/** What the server says about a sign-in at the provider that led to nothing, by its word for it. */
const problems: Record<string, string> = {
  'no-grant': 'You are known, but nothing is granted to you here. Ask whoever runs this server for a grant.',
  'too-often': 'Too many sign-ins from your address failed. Wait some minutes, then try again.',
  refused: 'The provider did not sign you in. Try again, or ask whoever runs it.',
  strayed: 'The sign-in took too long, or was begun in another window. Try again.',
  invalid: 'What the provider sent does not prove who you are. Try again; if it happens again, tell whoever runs this server.',
  'no-name': 'The provider does not tell your name. Whoever runs this server has to look at the setting oidc.user_claim.',
  unavailable: 'The provider does not answer. Try again in a moment.',
  'not-configured': 'Sign-in at a provider is not set up whole. Tell whoever runs this server.',
  failed: 'You could not be signed in. Try again.',
}

/** "Your sign-in has ended" would be the wrong words for somebody who has not signed in yet. */
function wordsFor(error: unknown): string {
  const { problem, message } = toApiError(error)
  return problem === 'signed-out'
    ? 'This token is not known here, or it has expired or been revoked. Check that you copied all of it.'
    : message
}
