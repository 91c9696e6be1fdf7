import { useSyncExternalStore } from 'react'
import type { FindSearch } from '../../lib/paths'
import { readFindSearch } from '../../lib/paths'
import { readStored, subscribeStored, writeStored } from '../../lib/stored'

export type SavedSearch = { name: string; search: FindSearch }

const key = 'retrace.saved-searches'
const countMax = 100

/** Anything may stand in the browser's storage: what is no saved search is dropped. */
export function parseSaved(stored: string | null): SavedSearch[] {
  let read: unknown
  try {
    read = JSON.parse(stored ?? '[]')
  } catch {
    return []
  }
  if (!Array.isArray(read)) return []
  return read.flatMap((each: unknown) => {
    const { name, search } = (each ?? {}) as { name?: unknown; search?: unknown }
    if (typeof name !== 'string' || name === '' || typeof search !== 'object' || search === null) return []
    const found = readFindSearch(search as Record<string, unknown>)
    return found.q ? [{ name, search: found }] : []
  })
}

/** The last saved first; a name stands for one search. */
export function withSaved(saved: readonly SavedSearch[], added: SavedSearch): SavedSearch[] {
  return [added, ...saved.filter(({ name }) => name !== added.name)].slice(0, countMax)
}

/** The searches that are kept in this browser. */
export function useSavedSearches() {
  const stored = useSyncExternalStore(subscribeStored, () => readStored(key))
  const saved = parseSaved(stored)
  return {
    saved,
    save: (added: SavedSearch) => writeStored(key, JSON.stringify(withSaved(saved, added))),
    remove: (name: string) => writeStored(key, JSON.stringify(saved.filter((each) => each.name !== name))),
  }
}
