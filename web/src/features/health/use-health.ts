import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { HealthDocument, RetryFailedVideosDocument, type HealthQuery } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { rateOf, withSample, type Sample } from './rate'

export type Health = HealthQuery['health']
export type ActiveSessions = HealthQuery['sessions']

const everyMs = 3_000

export function useHealth() {
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => graphql(HealthDocument, {}, signal),
    refetchInterval: everyMs,
  })
}

/** How many events a second the log takes in, over the last minute that this page is open. */
export function useRate(health: Health): number | undefined {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const next = withSample(samples, { atMs: Date.parse(health.at), size: BigInt(health.logSize) })
  if (next !== samples) setSamples(next)
  return rateOf(next)
}

export function useRetryFailedVideos() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => graphql(RetryFailedVideosDocument, {}),
    onSuccess: () => client.invalidateQueries({ queryKey: ['health'] }),
  })
}
