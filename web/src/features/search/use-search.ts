import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { SearchDocument, type SearchQuery } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import type { FindSearch } from '../../lib/paths'

export type Hit = SearchQuery['search']['edges'][number]['node']

const pageSize = 25

/** Hits for what the URL asks; a newer question cancels an older one, whose hits stay until the new ones come. */
export function useSearch({ q, kinds, user, host, order }: FindSearch) {
  const text = q?.trim() ?? ''
  const filter = { kinds, user, host }
  return useInfiniteQuery({
    queryKey: ['search', text, filter, order],
    queryFn: ({ pageParam, signal }) =>
      graphql(
        SearchDocument,
        { text, filter, orderBy: order ?? 'RELEVANCE', first: pageSize, after: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ search }) => (search.pageInfo.hasNextPage ? search.pageInfo.endCursor : null),
    enabled: text !== '',
    placeholderData: keepPreviousData,
  })
}
