import type { TimelineQuery, TimelineQueryVariables } from '../../gql/graphql'

export type Moment = NonNullable<TimelineQuery['session']>['timeline']['nodes'][number]
export type TimelinePage = { moments: Moment[] } & NonNullable<TimelineQuery['session']>['timeline']['pageInfo']

/** Which page of a timeline: what the server is asked beside the session and the kinds. */
export type PageAt = Pick<TimelineQueryVariables, 'fromMs' | 'toMs' | 'first' | 'after' | 'last' | 'before'>

/** The most the server gives at once. */
export const pageSize = 100
/** What is far from where one looks is let go, so that no session is too long. */
export const pagesKept = 30

/** The page to begin with, of the moments that are over at a time, and the ones just before. */
export function firstPageAt(atMs: number): PageAt {
  return atMs > 0 ? { toMs: atMs + 1, last: pageSize } : { first: pageSize }
}

/** The page behind one. What was read backwards does not know whether there is more. */
export function pageAfter(page: TimelinePage, at: PageAt): PageAt | undefined {
  if (page.endCursor == null) return at.toMs == null ? undefined : { fromMs: at.toMs, first: pageSize }
  const mayBe = page.hasNextPage || at.last != null
  return mayBe ? { after: page.endCursor, first: pageSize } : undefined
}

/** The page before one. */
export function pageBefore(page: TimelinePage, at: PageAt): PageAt | undefined {
  if (page.startCursor == null) return undefined
  const mayBe = page.hasPreviousPage || at.fromMs != null || at.after != null
  return mayBe ? { before: page.startCursor, last: pageSize } : undefined
}

/** Whether a time lies in what is loaded, or right beside it: else the list is to begin anew there. */
export function covers(
  moments: readonly Moment[],
  atMs: number,
  hasPrevious: boolean,
  hasNext: boolean,
): boolean {
  const [first, last] = [moments[0], moments.at(-1)]
  if (!first || !last) return true
  return (!hasPrevious || atMs >= first.offsetMs) && (!hasNext || atMs <= last.offsetMs)
}

/** How many rows came before the first one that was there: negative when some went away. */
export function rowsAdded(before: readonly Moment[], now: readonly Moment[]): number {
  const [was, is] = [before[0]?.id, now[0]?.id]
  if (was === undefined || is === undefined || was === is) return 0
  const added = now.findIndex(({ id }) => id === was)
  if (added !== -1) return added
  const gone = before.findIndex(({ id }) => id === is)
  return gone === -1 ? 0 : -gone
}
