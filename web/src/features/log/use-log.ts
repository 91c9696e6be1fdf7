import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { InclusionProofDocument, LogEventsDocument, LogHeadDocument, type LogEventsQuery, type LogHeadQuery } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { isIncluded } from './merkle'
import { windowBefore, windowSize } from './positions'

export type LogEvent = LogEventsQuery['events']['nodes'][number]
export type LogHead = LogHeadQuery['log']

export function useLogHead() {
  return useQuery({
    queryKey: ['log-head'],
    queryFn: ({ signal }) => graphql(LogHeadDocument, {}, signal),
    select: ({ log }) => log,
    refetchInterval: 5_000,
  })
}

/** One window of the log, newest event first. */
export function useLogWindow(before: string | undefined, size: string) {
  const { after, first } = windowBefore(before, size)
  return useQuery({
    queryKey: ['log-window', after, first],
    queryFn: ({ signal }) => graphql(LogEventsDocument, { after, first }, signal),
    select: ({ events }) => events.nodes.toReversed(),
    enabled: first > 0,
    placeholderData: keepPreviousData,
  })
}

/** The events of one session, in order of position. */
export function useSessionEvents(session: string) {
  return useInfiniteQuery({
    queryKey: ['session-events', session],
    queryFn: ({ pageParam, signal }) =>
      graphql(LogEventsDocument, { after: pageParam, filter: { session }, first: windowSize }, signal),
    initialPageParam: null as string | null,
    // A page may be empty although more is to come: the server looks at so many events at once and says how far it got.
    getNextPageParam: ({ events }) => (events.pageInfo.hasNextPage ? events.readTo : null),
  })
}

/** Checks that an event is in the log, against the root hash that stands at the top of the page. */
export function useInclusionCheck(event: LogEvent, head: LogHead) {
  return useMutation({
    mutationFn: async () => {
      const { log } = await graphql(InclusionProofDocument, { position: event.position, size: head.size })
      return { isIncluded: await isIncluded(event.leaf, event.position, head, log.inclusionProof), head }
    },
  })
}
