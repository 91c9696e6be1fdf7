import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { SessionsDocument, type SessionFilter, type SessionsQuery } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import type { SessionsSearch, YesNo } from '../../lib/paths'
import { startOfDay, startOfDayAfter } from '../../lib/time'

export type SessionRow = SessionsQuery['sessions']['nodes'][number]

const pageSize = 50
export const activityBuckets = 32
const liveEveryMs = 5_000
/** More pages are not renewed by themselves: that would ask for all of them again. */
const renewedPagesMax = 2
const wholePageSize = 100
export const wholeMax = 10_000

const isYes = (choice: YesNo | undefined) => (choice === undefined ? undefined : choice === 'yes')

export function filterOf(search: SessionsSearch): SessionFilter {
  const { order: _, from, to, recorded, gaps, reviewed, queue, hold, ...same } = search
  return {
    ...same,
    recorded: isYes(recorded),
    hasGaps: isYes(gaps),
    reviewed: isYes(reviewed),
    inReviewQueue: isYes(queue),
    onHold: isYes(hold),
    startedFrom: startOfDay(from),
    startedTo: startOfDayAfter(to),
  }
}

const orderOf = ({ order }: SessionsSearch) => order ?? 'STARTED_DESC'

/** Pages of sessions. While sessions go on among the first of them and are not followed, they are asked for again. */
export function useSessions(search: SessionsSearch, isFollowed: boolean) {
  const [filter, orderBy] = [filterOf(search), orderOf(search)]
  return useInfiniteQuery({
    queryKey: ['sessions', filter, orderBy],
    queryFn: ({ pageParam, signal }) =>
      graphql(
        SessionsDocument,
        { filter, orderBy, first: pageSize, after: pageParam, withActivity: true, buckets: activityBuckets },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ sessions }) => (sessions.pageInfo.hasNextPage ? sessions.pageInfo.endCursor : null),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => {
      if (isFollowed) return false
      const pages = data?.pages ?? []
      const goesOn = pages.some(({ sessions }) => sessions.nodes.some(({ state }) => state === 'ACTIVE'))
      return goesOn && pages.length <= renewedPagesMax ? liveEveryMs : false
    },
  })
}

/** All sessions that a filter lets through, up to a limit, without their activity. */
export async function readWhole(search: SessionsSearch): Promise<{ sessions: SessionRow[]; isCut: boolean }> {
  const sessions: SessionRow[] = []
  let after: string | null | undefined
  do {
    // Each page says where the next begins.
    // oxlint-disable-next-line no-await-in-loop
    const page = await graphql(SessionsDocument, {
      filter: filterOf(search),
      orderBy: orderOf(search),
      first: wholePageSize,
      after,
      withActivity: false,
      buckets: 1,
    })
    sessions.push(...page.sessions.nodes)
    after = page.sessions.pageInfo.hasNextPage ? page.sessions.pageInfo.endCursor : null
  } while (after && sessions.length < wholeMax)
  return { sessions, isCut: Boolean(after) }
}
