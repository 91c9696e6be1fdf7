import type { ScopeInput } from '../../gql/graphql'
import { startOfDay, startOfDayAfter } from '../../lib/time'
import { namesOf } from './words'

/** A scope as it is typed: in each field names divided by commas, and days. */
export type ScopeDraft = { folders: string; groups: string; sites: string; targets: string; from?: string; to?: string }

export const everything: ScopeDraft = { folders: '', groups: '', sites: '', targets: '' }

/** What a draft means to the server; nothing where it is about all sessions. */
export function scopeOf(draft: ScopeDraft): ScopeInput | null {
  const names = {
    folders: namesOf(draft.folders),
    groups: namesOf(draft.groups),
    sites: namesOf(draft.sites),
    targets: namesOf(draft.targets),
  }
  const from = startOfDay(draft.from) ?? null
  const to = startOfDayAfter(draft.to) ?? null
  const isEverything = Object.values(names).every((some) => some.length === 0) && !from && !to
  return isEverything ? null : { ...names, from, to }
}
