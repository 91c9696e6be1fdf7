import { useQuery } from '@tanstack/react-query'
import { FacetsDocument, FilterValuesDocument } from '../../gql/graphql'
import { graphql } from '../../lib/api'

export function useFacets() {
  return useQuery({
    queryKey: ['facets'],
    queryFn: ({ signal }) => graphql(FacetsDocument, {}, signal),
    select: ({ facets }) => facets,
    staleTime: 60_000,
  })
}

/** What the fields of the filter may hold, as far as the viewer may see it. Asked for once somebody filters. */
export function useFilterValues(isWanted: boolean) {
  return useQuery({
    queryKey: ['filter-values'],
    queryFn: ({ signal }) => graphql(FilterValuesDocument, {}, signal),
    enabled: isWanted,
    staleTime: 60_000,
  })
}
