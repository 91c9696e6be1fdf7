import { useEffect, useState } from 'react'
import { LiveMomentsDocument, type LiveMomentsSubscription, type MomentKind } from '../../gql/graphql'
import type { ApiError } from '../../lib/errors'
import { follow } from '../../lib/follow'

type Moment = LiveMomentsSubscription['sessionMoments'][number]
type Found = { key: string; moments: Moment[]; isPending: boolean; error: ApiError | null }

const nothing: Moment[] = []

/** The moments of a session that goes on: those that there are, and each new one within a second. */
export function useLiveMoments(session: string, kinds: MomentKind[] | undefined, isLive: boolean) {
  const key = `${session} ${kinds?.join(',') ?? ''}`
  const [found, setFound] = useState<Found>()
  useEffect(() => {
    if (!isLive) return
    const [, list = ''] = key.split(' ')
    const wanted = list === '' ? null : (list.split(',') as MomentKind[])
    let moments: Moment[] = nothing
    let last: string | null = null
    return follow(LiveMomentsDocument, {
      variables: () => ({ session, kinds: wanted, after: last }),
      onPage: ({ sessionMoments: page }) => {
        moments = withMore(moments, page)
        last = page.at(-1)?.id ?? last
        setFound({ key, moments, isPending: false, error: null })
      },
      onState: (state) => {
        if (state.phase === 'refused') setFound({ key, moments, isPending: false, error: state.error })
        // Nothing may have happened yet, and then no page comes.
        if (state.phase === 'open') setFound((now) => (now?.key === key ? now : { key, moments, isPending: false, error: null }))
      },
    })
  }, [session, key, isLive])
  return found?.key === key ? found : { moments: nothing, isPending: true, error: null }
}

/** They come in the order in which they are found, and are listed in the order of time; what is there twice, once. */
export function withMore(moments: Moment[], page: readonly Moment[]): Moment[] {
  const known = new Set(moments.map(({ id }) => id))
  const fresh = page.filter(({ id }) => !known.has(id))
  if (fresh.length === 0) return moments
  return [...moments, ...fresh].toSorted((one, other) => one.offsetMs - other.offsetMs)
}
