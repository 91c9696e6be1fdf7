import type { ActivityKind } from '../../gql/graphql'
import { readStored, subscribeStored, writeStored } from '../../lib/stored'
import { useMemo, useSyncExternalStore } from 'react'

/** What the bar can show the activity of, from top to bottom. */
export const seriesKinds = ['SCREEN', 'OUTPUT', 'KEYS', 'PROCESS'] as const satisfies readonly ActivityKind[]
export type SeriesKind = (typeof seriesKinds)[number]

export const seriesNames: Record<SeriesKind, string> = {
  SCREEN: 'Frames',
  OUTPUT: 'Output',
  KEYS: 'Keys',
  PROCESS: 'Processes',
}

const storedAs = 'retrace.player.hidden-series'

export function readHidden(stored: string | null): SeriesKind[] {
  const named = stored?.split(',') ?? []
  return seriesKinds.filter((kind) => named.includes(kind))
}

/** Which series are switched off, here and in all windows. */
export function useHiddenSeries(): [readonly SeriesKind[], (kind: SeriesKind) => void] {
  const stored = useSyncExternalStore(subscribeStored, () => readStored(storedAs))
  const hidden = useMemo(() => readHidden(stored), [stored])
  const toggle = (kind: SeriesKind) =>
    writeStored(storedAs, seriesKinds.filter((k) => hidden.includes(k) !== (k === kind)).join(','))
  return [hidden, toggle]
}
