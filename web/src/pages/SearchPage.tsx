import { getRouteApi } from '@tanstack/react-router'
import { HitList } from '../features/search/HitList'
import { RecentSessions } from '../features/search/RecentSessions'
import { SearchBox } from '../features/search/SearchBox'
import { SearchFilters } from '../features/search/SearchFilters'
import { SearchHints } from '../features/search/SearchHints'
import { walkHits } from '../features/search/walk-hits'
import '../features/search/search.css'
import { useFacets } from '../features/sessions/use-facets'
import { useRecentSessions } from '../features/sessions/use-sessions'
import type { FindSearch } from '../lib/paths'
import { useTitle } from '../lib/use-title'

const route = getRouteApi('/shell/')

export function SearchPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const facets = useFacets()
  const change = (changed: FindSearch) =>
    void navigate({ search: { ...search, ...changed }, replace: true, resetScroll: false })
  const isEmpty = !search.q?.trim()
  useTitle(isEmpty ? 'Search' : `${search.q}`)
  return (
    <div className="page page-narrow" role="presentation" onKeyDown={walkHits}>
      <h1 className="visually-hidden">Search</h1>
      <div className="search-head">
        <SearchBox value={search.q ?? ''} onSearch={(q) => change({ q: q || undefined })} />
        <SearchFilters search={search} facets={facets.data} onChange={change} />
      </div>
      {isEmpty ? <Start /> : <HitList search={search} />}
    </div>
  )
}

function Start() {
  const { data, error, refetch } = useRecentSessions()
  return (
    <div className="start">
      <RecentSessions sessions={data} error={error} onRetry={() => void refetch()} />
      <SearchHints />
    </div>
  )
}
