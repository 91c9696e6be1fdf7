import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { TrailDocument, TrailPeopleDocument, type TrailFilter, type TrailQuery } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import type { TrailSearch } from '../../lib/paths'
import { startOfDay, startOfDayAfter } from '../../lib/time'
import { typesOf } from './kinds'

export type TrailEntry = TrailQuery['trail']['nodes'][number]

const pageSize = 50
const wholePageSize = 100
export const wholeMax = 10_000

export function filterOf({ by, kinds, from, to, session }: TrailSearch): TrailFilter {
  return {
    by: by === undefined ? undefined : [by],
    types: kinds && typesOf(kinds),
    session,
    from: startOfDay(from),
    to: startOfDayAfter(to),
  }
}

/** What was done, the newest first. */
export function useTrail(search: TrailSearch) {
  const filter = filterOf(search)
  return useInfiniteQuery({
    queryKey: ['trail', filter],
    queryFn: ({ pageParam, signal }) => graphql(TrailDocument, { filter, first: pageSize, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ trail }) => (trail.pageInfo.hasNextPage ? trail.pageInfo.endCursor : null),
    placeholderData: keepPreviousData,
    // What was just done, here or elsewhere, is to be seen.
    staleTime: 0,
  })
}

export function useTrailPeople() {
  return useQuery({
    queryKey: ['trail-people'],
    queryFn: ({ signal }) => graphql(TrailPeopleDocument, {}, signal),
    select: ({ trailPeople }) => trailPeople,
  })
}

/** All that a filter lets through, up to a limit. */
export async function readWholeTrail(search: TrailSearch): Promise<{ entries: TrailEntry[]; isCut: boolean }> {
  const [filter, entries] = [filterOf(search), [] as TrailEntry[]]
  let after: string | null | undefined
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const { trail } = await graphql(TrailDocument, { filter, first: wholePageSize, after })
    entries.push(...trail.nodes)
    after = trail.pageInfo.hasNextPage ? trail.pageInfo.endCursor : null
  } while (after && entries.length < wholeMax)
  return { entries, isCut: after != null }
}
