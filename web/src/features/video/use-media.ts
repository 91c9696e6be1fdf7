import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import {
  MediaDocument,
  RequestVideoDocument,
  ThumbnailsDocument,
  type MediaQuery,
  type ThumbnailsQuery,
  type VideoKind,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { revealedUrls } from '../../lib/looking'
import { isUnderWay, productOf } from './source'

type Answer = NonNullable<MediaQuery['session']>
export type Media = Answer['media']
export type Product = Media['products'][number]
export type Clip = Media['clips'][number]
export type Problem = Media['problems'][number]
export type Sheet = NonNullable<ThumbnailsQuery['session']>['media']['thumbnails'][number]

/** What is being built moves on while one watches. */
const workMs = 2000
/** A session that goes on, about as often as a recorder sends a piece. */
const liveMs = 3000
/** What a node takes up by itself, soon after a session has come in. */
const soonMs = 5000
const soonTimes = 24

/** How long until it is worth asking again. */
export function askAgainMs(answer: Answer | null | undefined, timesAsked: number): number | false {
  if (!answer) return false
  const { media, state, asciicastUrl } = answer
  if (media.products.some(isUnderWay)) return workMs
  if (state === 'ACTIVE') return liveMs
  const hasFootage = media.clips.length > 0 || media.problems.length > 0
  const isTakenUp = productOf(media, 'THUMBNAILS') !== undefined
  // Pictures, and MP4s that are still to be joined, show nothing of themselves until then.
  const mayCome = !isTakenUp && (hasFootage || asciicastUrl === null)
  return mayCome && timesAsked < soonTimes ? soonMs : false
}

export const mediaQuery = (sessionId: string) =>
  queryOptions({
    queryKey: ['media', sessionId],
    queryFn: async ({ signal }) => revealedUrls(await graphql(MediaDocument, { id: sessionId }, signal)),
  })

export function useMedia(sessionId: string) {
  const query = useQuery({
    ...mediaQuery(sessionId),
    refetchInterval: ({ state }) => askAgainMs(state.data?.session, state.dataUpdateCount),
    select: ({ session }) => session,
  })
  useRenewedSession(sessionId, query.data)
  return query
}

/** What is known already, for whoever does not want to ask. */
export function useKnownMedia(sessionId: string): Media | undefined {
  const { data } = useQuery({ ...mediaQuery(sessionId), enabled: false })
  return data?.session?.media
}

/** The session itself is asked for anew when it ends, and when its changes have been measured. */
function useRenewedSession(sessionId: string, answer: Answer | null | undefined): void {
  const client = useQueryClient()
  const known = useRef<string>(undefined)
  const isMeasured = answer ? productOf(answer.media, 'THUMBNAILS')?.state === 'COMPLETED' : false
  const now = answer && `${answer.state} ${isMeasured}`
  useEffect(() => {
    if (now === undefined || now === null) return
    if (known.current !== undefined && known.current !== now) {
      void client.invalidateQueries({ queryKey: ['session', sessionId] })
    }
    known.current = now
  }, [client, now, sessionId])
}

const noSheets: Sheet[] = []

/** Thumbnails come all at once, so they are asked for when what they are made of has changed. */
export function useThumbnails(sessionId: string, media: Media | undefined): readonly Sheet[] {
  const made = media && productOf(media, 'THUMBNAILS')
  const { data } = useQuery({
    queryKey: ['thumbnails', sessionId, made?.changedAt],
    queryFn: async ({ signal }) => revealedUrls(await graphql(ThumbnailsDocument, { id: sessionId }, signal)),
    select: ({ session }) => session?.media.thumbnails ?? noSheets,
    enabled: made?.state === 'COMPLETED',
    staleTime: Infinity,
  })
  return data ?? noSheets
}

/** The server answers for what it has written down; what it tells of the session follows within a moment. */
const heardWithinMs = 10_000
const hearsEachMs = 300

/** Asks for something to be built. It is done when the session says that it was asked for. */
export function useRequestVideo(sessionId: string, before: Product | undefined) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (kind: VideoKind) => {
      await graphql(RequestVideoDocument, { session: sessionId, kind })
      const deadline = Date.now() + heardWithinMs
      while (Date.now() < deadline) {
        const { session } = await client.fetchQuery({ ...mediaQuery(sessionId), staleTime: 0 })
        const product = session && productOf(session.media, kind)
        if (product?.changedAt !== before?.changedAt) return
        await new Promise((resolve) => setTimeout(resolve, hearsEachMs))
      }
    },
  })
}
