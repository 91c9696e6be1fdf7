type Props = { hasMore: boolean; isLoading: boolean; label?: string; onMore: () => void }

export function LoadMore({ hasMore, isLoading, label = 'Load more', onMore }: Props) {
  if (!hasMore) return null
  return (
    <div className="more">
      <button type="button" className="button" disabled={isLoading} onClick={onMore}>
        {isLoading ? 'Loading…' : label}
      </button>
    </div>
  )
}
