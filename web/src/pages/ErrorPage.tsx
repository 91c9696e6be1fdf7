import { useQueryClient } from '@tanstack/react-query'
import { useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { toApiError } from '../lib/errors'
import { useTitle } from '../lib/use-title'

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  useTitle('Something went wrong')
  const router = useRouter()
  const client = useQueryClient()
  const { problem, message } = toApiError(error)
  const retry = async () => {
    client.removeQueries({ predicate: (query) => query.state.status === 'error' })
    reset()
    await router.invalidate()
  }
  return (
    <div className="center-page">
      <div className="note note-error" role="alert">
        <h1>{problem === 'unreachable' ? 'No connection to the server' : 'This page could not be shown'}</h1>
        <span>{message}</span>
        <button type="button" className="button" onClick={() => void retry()}>
          Try again
        </button>
      </div>
    </div>
  )
}
