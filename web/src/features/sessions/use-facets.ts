import { useQuery } from '@tanstack/react-query'
import { FacetsDocument } from '../../gql/graphql'
import { graphql } from '../../lib/api'

export function useFacets() {
  return useQuery({
    queryKey: ['facets'],
    queryFn: ({ signal }) => graphql(FacetsDocument, {}, signal),
    select: ({ facets }) => facets,
    staleTime: 60_000,
  })
}
