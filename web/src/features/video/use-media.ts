import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
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
  const { media, state } = answer
  if (media.products.some(isUnderWay)) return workMs
  if (state === 'ACTIVE') return liveMs
  const hasFootage = media.clips.length > 0 || media.problems.length > 0
  const isMeasured = productOf(media, 'THUMBNAILS') !== undefined
  return hasFootage && !isMeasured && timesAsked < soonTimes ? soonMs : false
}

export function useMedia(sessionId: string) {
  const query = useQuery({
    queryKey: ['media', sessionId],
    queryFn: ({ signal }) => graphql(MediaDocument, { id: sessionId }, signal),
    refetchInterval: ({ state }) => askAgainMs(state.data?.session, state.dataUpdateCount),
    select: ({ session }) => session,
  })
  useRenewedSession(sessionId, query.data)
  return query
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
    queryFn: ({ signal }) => graphql(ThumbnailsDocument, { id: sessionId }, signal),
    select: ({ session }) => session?.media.thumbnails ?? noSheets,
    enabled: made?.state === 'COMPLETED',
    staleTime: Infinity,
  })
  return data ?? noSheets
}

export function useRequestVideo(sessionId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (kind: VideoKind) => graphql(RequestVideoDocument, { session: sessionId, kind }),
    onSettled: () => client.invalidateQueries({ queryKey: ['media', sessionId] }),
  })
}
