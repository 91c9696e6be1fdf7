import { sessionStates, yesNo, type SessionsSearch } from '../../lib/paths'
import { readersZone } from '../../lib/time'
import { choiceParam } from '../../lib/url-state'
import { stateNames } from '../../ui/StateBadge'

export type FilterKey = Exclude<keyof SessionsSearch, 'order' | 'text'>
export type FilterChip = { key: FilterKey; label: string }

const names: Record<Exclude<FilterKey, 'state' | YesNoKey>, string> = {
  user: 'User',
  host: 'Host',
  protocol: 'Protocol',
  group: 'Group',
  secret: 'Secret',
  folder: 'Folder',
  target: 'Target',
  site: 'Site',
  launcher: 'Launcher',
  policy: 'Policy',
  assignee: 'Assignee',
  from: 'From',
  to: 'To',
}
/** Days are of the reader's clock: whoever opens the same address elsewhere has other ones, and is to see so. */
const days: readonly string[] = ['from', 'to']
export type YesNoKey = 'recorded' | 'gaps' | 'reviewed' | 'queue' | 'hold'
export const yesNoFilters: Record<YesNoKey, { title: string; yes: string; no: string }> = {
  queue: { title: 'Review queue', yes: 'In review queue', no: 'Not in review queue' },
  reviewed: { title: 'Reviewed', yes: 'Reviewed', no: 'Not reviewed' },
  gaps: { title: 'Gaps', yes: 'Has gaps', no: 'Without gaps' },
  recorded: { title: 'Recorded', yes: 'Recorded', no: 'Not recorded' },
  hold: { title: 'Legal hold', yes: 'On hold', no: 'Not on hold' },
}
export const yesNoKeys = Object.keys(yesNoFilters) as YesNoKey[]

/** One for each filter in force, as people say it. */
export function chipsOf(search: SessionsSearch): FilterChip[] {
  const chips: FilterChip[] = []
  for (const [key, name] of Object.entries(names) as [keyof typeof names, string][]) {
    if (search[key]) chips.push({ key, label: `${name}: ${search[key]}${days.includes(key) ? ` (${readersZone()})` : ''}` })
  }
  const state = choiceParam(search.state, sessionStates)
  if (state) chips.push({ key: 'state', label: `State: ${stateNames[state]}` })
  for (const key of yesNoKeys) {
    const choice = choiceParam(search[key], yesNo)
    if (choice) chips.push({ key, label: yesNoFilters[key][choice] })
  }
  return chips
}
