import { Link } from '@tanstack/react-router'
import { useTitle } from '../lib/use-title'

export function NotFoundPage() {
  useTitle('Not found')
  return (
    <main className="center-page">
      <div className="note">
        <h1>There is no such page</h1>
        <span>The address may be mistyped, or the link may be cut off at the end.</span>
        <Link to="/" className="button">
          Go to search
        </Link>
      </div>
    </main>
  )
}
