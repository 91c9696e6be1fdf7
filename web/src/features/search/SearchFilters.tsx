import type { FacetsQuery, SearchOrder } from '../../gql/graphql'
import { searchOrders, type FindSearch } from '../../lib/paths'
import { choiceParam } from '../../lib/url-state'
import { SelectField } from '../../ui/fields'
import { KindChips } from '../../ui/KindChips'

const orderNames: Record<SearchOrder, string> = { RELEVANCE: 'Best match', NEWEST: 'Newest' }

type Props = {
  search: FindSearch
  facets: FacetsQuery['facets'] | undefined
  onChange: (changed: FindSearch) => void
}

export function SearchFilters({ search, facets, onChange }: Props) {
  const names = (values: { value: string }[] = []) => values.map(({ value }) => ({ value, label: value }))
  return (
    <div className="search-filters">
      <KindChips label="Kinds of moments" kinds={search.kinds} onChange={(kinds) => onChange({ kinds })} />
      <div className="search-selects">
        <SelectField
          label="User"
          anyLabel="Any"
          value={search.user}
          options={names(facets?.users)}
          onChange={(user) => onChange({ user })}
        />
        <SelectField
          label="Host"
          anyLabel="Any"
          value={search.host}
          options={names(facets?.hosts)}
          onChange={(host) => onChange({ host })}
        />
        <SelectField
          label="Order"
          value={search.order ?? 'RELEVANCE'}
          options={searchOrders.map((order) => ({ value: order, label: orderNames[order] }))}
          onChange={(order) => onChange({ order: order === 'RELEVANCE' ? undefined : choiceParam(order, searchOrders) })}
        />
      </div>
    </div>
  )
}
