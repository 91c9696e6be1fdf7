import { useMutation } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { RightNote } from '../features/settings/RightNote'
import { SettingsFrame } from '../features/settings/SettingsFrame'
import '../features/trail/trail.css'
import { trailCsv } from '../features/trail/trail-csv'
import { TrailFilters } from '../features/trail/TrailFilters'
import { TrailTable } from '../features/trail/TrailTable'
import { readWholeTrail, useTrail, useTrailPeople, wholeMax } from '../features/trail/use-trail'
import { toApiError } from '../lib/errors'
import { formatCount } from '../lib/format'
import type { TrailSearch } from '../lib/paths'
import { saveFile } from '../lib/save-file'
import { LoadMore } from '../ui/LoadMore'
import { useIsHere } from '../lib/use-is-here'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/settings/trail')

export function TrailPage() {
  return (
    <SettingsFrame title="Audit trail" about="Who did what in Retrace itself, the newest first. Looking at it is in it, too.">
      <Trail />
    </SettingsFrame>
  )
}

function Trail() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const isHere = useIsHere()
  const people = useTrailPeople()
  const trail = useTrail(search)
  if (trail.error && toApiError(trail.error).problem === 'forbidden') {
    return <RightNote right="VIEW_SETTINGS" what="see what others did" />
  }
  const change = (changed: Partial<TrailSearch>) => {
    if (isHere()) void navigate({ search: { ...search, ...changed }, replace: true, resetScroll: false })
  }
  return (
    <>
      <TrailFilters search={search} people={people.data ?? []} onChange={change} />
      <TrailList search={search} trail={trail} onClear={() => void navigate({ search: {}, replace: true })} />
    </>
  )
}

type ListProps = { search: TrailSearch; trail: ReturnType<typeof useTrail>; onClear: () => void }

function TrailList({ search, trail, onClear }: ListProps) {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = trail
  const csv = useMutation({
    mutationFn: async () => {
      const { entries, isCut } = await readWholeTrail(search)
      saveFile('audit-trail.csv', 'text/csv;charset=utf-8', trailCsv(entries))
      return isCut
    },
  })
  if (isPending) return <ListSkeleton rows={8} label="Loading the audit trail" />
  if (error && !data) return <ErrorNote error={error} onRetry={() => void refetch()} />
  const entries = data.pages.flatMap((page) => page.trail.nodes)
  if (entries.length === 0) {
    return (
      <EmptyNote title="Nobody did such a thing.">
        <button type="button" className="button" onClick={onClear}>
          Clear filters
        </button>
      </EmptyNote>
    )
  }
  return (
    <>
      <div className="trail-tools">
        <span role="status">
          {formatCount(entries.length)} shown{hasNextPage && ', and there are more'}
          {csv.data && `. The file holds the newest ${formatCount(wholeMax)} only: filter to get others.`}
        </span>
        <button type="button" className="button" disabled={csv.isPending} onClick={() => csv.mutate()}>
          {csv.isPending ? 'Reading…' : 'CSV'}
        </button>
      </div>
      {csv.error && <ErrorNote error={csv.error} />}
      <TrailTable entries={entries} />
      <LoadMore hasMore={hasNextPage} isLoading={isFetchingNextPage} onMore={() => void fetchNextPage()} />
    </>
  )
}
