import { useCallback, useRef } from 'react'
import { TimelineDocument, type MomentKind } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import type { PlaybackStore } from './playback-store'
import type { PlayedSession } from './use-session'

/** Lines of a screen come by the dozen. */
const fine: readonly MomentKind[] = ['SCREEN', 'CHANGE']

/** Goes to the moment before or behind where playback stands, however far it is. */
export function useNeighbours(session: PlayedSession, store: PlaybackStore): (isNext: boolean) => boolean {
  const isAsking = useRef(false)
  const { id, momentMap } = session
  return useCallback(
    (isNext: boolean) => {
      if (isAsking.current) return true
      isAsking.current = true
      const all = momentMap.series.map(({ kind }) => kind)
      const coarse = all.filter((kind) => !fine.includes(kind))
      const kinds = coarse.length > 0 ? coarse : all
      const atMs = Math.floor(store.get().positionMs)
      const wanted = isNext ? { fromMs: atMs + 1, first: 1 } : { toMs: atMs, last: 1 }
      graphql(TimelineDocument, { id, kinds, ...wanted })
        .then(({ session: found }) => {
          const moment = found?.timeline.nodes[0]
          if (moment) store.send({ type: 'open', atMs: moment.offsetMs })
        })
        // What cannot be found now can be asked for again.
        .catch(() => {})
        .finally(() => {
          isAsking.current = false
        })
      return true
    },
    [id, momentMap, store],
  )
}
