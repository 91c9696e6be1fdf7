import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { Brand } from '../app/Brand'
import { useSignIn } from '../features/auth/use-who'
import { toApiError } from '../lib/errors'
import { paths } from '../lib/paths'
import { useTitle } from '../lib/use-title'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  useTitle('Sign in')
  const { to } = route.useSearch()
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
        <form className="panel" onSubmit={submit}>
          <h1>Sign in</h1>
          <label className="field">
            <span>Access token</span>
            {/* A password field, so that a password manager can keep it and nobody reads it off the screen. */}
            <input
              className="input mono"
              type="password"
              name="token"
              autoComplete="current-password"
              autoFocus
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
      </div>
    </main>
  )
}

/** "Your sign-in has ended" would be the wrong words for somebody who has not signed in yet. */
function wordsFor(error: unknown): string {
  const { problem, message } = toApiError(error)
  return problem === 'signed-out'
    ? 'This token is not known here, or it has expired or been revoked. Check that you copied all of it.'
    : message
}
