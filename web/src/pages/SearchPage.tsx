import { getRouteApi } from '@tanstack/react-router'
import { useId } from 'react'
import { FacetPanel } from '../features/search/FacetPanel'
import { MatchList } from '../features/search/MatchList'
import { RecentSessions } from '../features/search/RecentSessions'
import { SaveButton, SavedSection } from '../features/search/SavedSearches'
import { SearchBox } from '../features/search/SearchBox'
import { SearchHints } from '../features/search/SearchHints'
import { SearchStatus } from '../features/search/SearchStatus'
import { useSearch, useSearchFacets } from '../features/search/use-search'
import { walkHits } from '../features/search/walk-hits'
import '../features/search/search.css'
import { useRecentSessions } from '../features/sessions/use-recent-sessions'
import { toApiError } from '../lib/errors'
import { searchOrders, type FindSearch } from '../lib/paths'
import { choiceParam } from '../lib/url-state'
import { useIsHere } from '../lib/use-is-here'
import { useTitle } from '../lib/use-title'
import { SelectField } from '../ui/fields'

const route = getRouteApi('/shell/')
const orderNames: Record<(typeof searchOrders)[number], string> = {
  RELEVANCE: 'Best match',
  NEWEST: 'Newest',
  OLDEST: 'Oldest',
}

export function SearchPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const isHere = useIsHere()
  const results = useSearch(search)
  const statusId = useId()
  const change = (changed: FindSearch) => {
    if (isHere()) void navigate({ search: { ...search, ...changed }, replace: true, resetScroll: false })
  }
  const isEmpty = !search.q?.trim()
  const isWrong = results.error !== null && toApiError(results.error).span !== undefined
  useTitle(isEmpty ? 'Search' : `${search.q}`)
  return (
    <div className="page page-search" role="presentation" onKeyDown={walkHits}>
      <h1 className="visually-hidden">Search</h1>
      <div className="search-head">
        <SearchBox
          value={search.q ?? ''}
          errorId={isWrong ? statusId : undefined}
          onSearch={(q) => change({ q: q || undefined })}
        />
        {!isEmpty && (
          <div className="search-tools">
            <SearchStatus id={statusId} text={search.q?.trim() ?? ''} results={results} />
            <SelectField
              label="Order"
              value={search.order ?? 'RELEVANCE'}
              options={searchOrders.map((order) => ({ value: order, label: orderNames[order] }))}
              onChange={(order) =>
                change({ order: order === 'RELEVANCE' ? undefined : choiceParam(order, searchOrders) })
              }
            />
            <SaveButton search={search} />
          </div>
        )}
      </div>
      {isEmpty ? (
        <Start />
      ) : (
        <div className="found">
          <Facets search={search} onChange={(q) => change({ q: q || undefined })} />
          <MatchList search={search} results={results} />
        </div>
      )}
    </div>
  )
}

type FacetsProps = { search: FindSearch; onChange: (text: string) => void }

/** Help that is not there is no error: the results say what is wrong. */
function Facets({ search, onChange }: FacetsProps) {
  const { data } = useSearchFacets(search)
  return <FacetPanel text={search.q ?? ''} facets={data} onChange={onChange} />
}

function Start() {
  const { data, error, refetch } = useRecentSessions()
  return (
    <div className="start">
      <RecentSessions sessions={data} error={error} onRetry={() => void refetch()} />
      <div className="start-side">
        <SavedSection />
        <SearchHints />
      </div>
    </div>
  )
}
