import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import {
  HitsOfSessionDocument,
  SearchFacetsDocument,
  SearchSessionsDocument,
  SuggestDocument,
  type HitFragment,
  type SearchOrder,
  type SearchSessionsQuery,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'
import type { FindSearch } from '../../lib/paths'
import { charsIn, type Suggested } from './completion'

export type Hit = HitFragment
export type SessionMatch = SearchSessionsQuery['searchSessions']['nodes'][number]

const sessionsOnPage = 15
const hitsOnPage = 50

const textOf = ({ q }: FindSearch) => q?.trim() ?? ''
const orderOf = ({ order }: FindSearch): SearchOrder => order ?? 'RELEVANCE'

/** Hits by session. A newer question cancels an older one, whose hits stay until the new ones come. */
export function useSearch(search: FindSearch) {
  const [text, orderBy] = [textOf(search), orderOf(search)]
  return useInfiniteQuery({
    queryKey: ['search', text, orderBy],
    queryFn: ({ pageParam, signal }) =>
      graphql(SearchSessionsDocument, { text, orderBy, first: sessionsOnPage, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ searchSessions: { pageInfo } }) => (pageInfo.hasNextPage ? pageInfo.endCursor : null),
    enabled: text !== '',
    placeholderData: keepPreviousData,
  })
}

/** All hits of one session, asked for only once somebody wants to see them. */
export function useHitsOfSession(search: FindSearch, session: string, isWanted: boolean) {
  const [text, orderBy] = [textOf(search), orderOf(search)]
  return useInfiniteQuery({
    queryKey: ['hits-of-session', session, text, orderBy],
    queryFn: ({ pageParam, signal }) =>
      graphql(HitsOfSessionDocument, { text, session, orderBy, first: hitsOnPage, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ search: { pageInfo } }) => (pageInfo.hasNextPage ? pageInfo.endCursor : null),
    enabled: isWanted,
  })
}

export function useSearchFacets(search: FindSearch) {
  const text = textOf(search)
  return useQuery({
    queryKey: ['search-facets', text],
    queryFn: ({ signal }) => graphql(SearchFacetsDocument, { text }, signal),
    select: ({ searchFacets }) => searchFacets,
    enabled: text !== '',
    placeholderData: keepPreviousData,
  })
}

/** What could be typed behind `before`; of an earlier text until the answer is there. */
export function useSuggestions(before: string, isWanted: boolean): Suggested | undefined {
  const { data } = useQuery({
    queryKey: ['suggest', before],
    queryFn: async ({ signal }): Promise<Suggested> => {
      const { suggest } = await graphql(SuggestDocument, { text: before, at: charsIn(before) }, signal)
      return { before, suggestions: suggest }
    },
    enabled: isWanted,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
  return data
}
