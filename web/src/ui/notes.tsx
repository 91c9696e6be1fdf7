import type { ReactNode } from 'react'
import { toApiError } from '../lib/errors'

export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { message } = toApiError(error)
  return (
    <div className="note note-error" role="alert">
      <span>{message}</span>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

export function EmptyNote({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="note">
      <strong>{title}</strong>
      {children}
    </div>
  )
}

export function ListSkeleton({ rows, label }: { rows: number; label: string }) {
  return (
    <div className="skeleton-list" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton skeleton-row" />
      ))}
    </div>
  )
}
