import { useState } from 'react'
import type { SearchFacetsQuery } from '../../gql/graphql'
import { formatCount } from '../../lib/format'
import { kindName } from '../../ui/KindBadge'
import { facetValues, type FacetValue } from './facets'
import { facetsShown, type SearchFacet } from './fields'
import { toggleValue } from './query-text'

const shownAtFirst = 6

type Props = {
  text: string
  facets: SearchFacetsQuery['searchFacets'] | undefined
  onChange: (text: string) => void
}

/** What the hits have in common. A press adds `field:value` to the text, or takes it away. */
export function FacetPanel({ text, facets, onChange }: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <aside className="facets" aria-label="Narrow down">
      <button
        type="button"
        className="button facets-toggle"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? 'Hide filters' : 'Filters'}
      </button>
      <div className="facets-body" data-open={isOpen}>
        {facetsShown.map((facet) => {
          const values = facetValues(facets?.facets ?? [], facet.by, facet.field, text)
          if (values.length === 0) return null
          return (
            <FacetGroup
              key={facet.by}
              facet={facet}
              values={values}
              onToggle={(value) => onChange(toggleValue(text, facet.field, value))}
            />
          )
        })}
      </div>
    </aside>
  )
}

type GroupProps = { facet: SearchFacet; values: FacetValue[]; onToggle: (value: string) => void }

function FacetGroup({ facet, values, onToggle }: GroupProps) {
  const [showsAll, setShowsAll] = useState(false)
  const shown = showsAll ? values : values.slice(0, shownAtFirst)
  return (
    <div className="facet" role="group" aria-label={facet.title}>
      <h2>{facet.title}</h2>
      <ul>
        {shown.map(({ value, count, isChosen }) => (
          <li key={value}>
            <button type="button" className="facet-value" aria-pressed={isChosen} onClick={() => onToggle(value)}>
              <span className="facet-name">{facet.by === 'KIND' ? kindName(value) : value}</span>
              <span className="numeric">{formatCount(count)}</span>
            </button>
          </li>
        ))}
      </ul>
      {values.length > shownAtFirst && (
        <button type="button" className="button button-quiet facet-more" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Fewer' : `${values.length - shownAtFirst} more`}
        </button>
      )}
    </div>
  )
}
