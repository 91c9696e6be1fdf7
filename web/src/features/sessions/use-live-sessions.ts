import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  ActiveCountDocument,
  LiveCountDocument,
  LiveSessionsDocument,
  type SessionFilter,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { follow } from '../../lib/follow'
import { LiveList } from './live-list'
import { activityBuckets, type SessionRow } from './use-sessions'

/** Several that begin or end together are counted again together. */
const settleMs = 1_000
const askedEveryMs = 10_000

/** The sessions that go on and that a filter lets through, as they change; undefined while nobody can be followed. */
export function useLiveSessions(filter: SessionFilter, isWanted: boolean): readonly SessionRow[] | undefined {
  const client = useQueryClient()
  const key = JSON.stringify(filter)
  const [found, setFound] = useState<{ key: string; sessions: readonly SessionRow[] | undefined }>()
  useEffect(() => {
    if (!isWanted) return
    const { state: _, ...wanted } = JSON.parse(key) as SessionFilter
    const list = new LiveList<SessionRow>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = follow(LiveSessionsDocument, {
      variables: () => {
        list.begin()
        return { filter: wanted, buckets: activityBuckets }
      },
      onPage: ({ activeSessions }) => {
        const { sessions, isOther } = list.take(activeSessions)
        if (sessions) setFound({ key, sessions })
        if (!isOther) return
        clearTimeout(timer)
        timer = setTimeout(() => void client.invalidateQueries({ queryKey: ['sessions'] }), settleMs)
      },
      onState: ({ phase }) => {
        if (phase === 'waiting' || phase === 'refused') setFound({ key, sessions: undefined })
      },
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client, key, isWanted])
  return isWanted && found?.key === key ? found.sessions : undefined
}

/** How many sessions go on; asked for now and then where it cannot be followed. */
export function useLiveCount(): number | undefined {
  const [followed, setFollowed] = useState<{ count: number | undefined }>()
  useEffect(() => {
    const list = new LiveList<{ id: string }>()
    return follow(LiveCountDocument, {
      variables: () => {
        list.begin()
        return {}
      },
      onPage: ({ activeSessions }) => {
        const { sessions } = list.take(activeSessions)
        if (sessions) setFollowed({ count: sessions.length })
      },
      onState: ({ phase }) => {
        if (phase === 'waiting' || phase === 'refused') setFollowed({ count: undefined })
      },
    })
  }, [])
  const isCut = followed !== undefined && followed.count === undefined
  const { data } = useQuery({
    queryKey: ['active-count'],
    queryFn: ({ signal }) => graphql(ActiveCountDocument, {}, signal),
    select: ({ sessions }) => sessions.totalCount,
    enabled: isCut,
    refetchInterval: askedEveryMs,
  })
  return followed?.count ?? (isCut ? data : undefined)
}
