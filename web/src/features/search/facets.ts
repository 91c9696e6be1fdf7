import type { SearchFacetsQuery } from '../../gql/graphql'
import { valuesOf } from './query-text'

export type FacetValue = { value: string; count: number; isChosen: boolean }
type Facets = SearchFacetsQuery['searchFacets']['facets']

/** The values to offer, with those that the text asks for first: they stay even where nothing has them any more. */
export function facetValues(facets: Facets, by: Facets[number]['by'], field: string, text: string): FacetValue[] {
  const found = facets.find((facet) => facet.by === by)?.values ?? []
  const asked = valuesOf(text, field)
  const isAsked = (value: string) => asked.some((name) => name.toLowerCase() === value.toLowerCase())
  const gone = asked.filter((name) => !found.some(({ value }) => value.toLowerCase() === name.toLowerCase()))
  const offered = found.map(({ value, count }) => ({ value, count, isChosen: isAsked(value) }))
  return [
    ...gone.map((value) => ({ value, count: 0, isChosen: true })),
    ...offered.filter(({ isChosen }) => isChosen),
    ...offered.filter(({ isChosen }) => !isChosen),
  ]
}
