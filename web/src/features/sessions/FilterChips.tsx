import type { SessionsSearch } from '../../lib/paths'
import { Icon } from '../../ui/Icon'
import { chipsOf } from './filters'

type Quick = { label: string; search: SessionsSearch }

/** What is asked for most, one press away. */
const quick: readonly Quick[] = [
  { label: 'Live', search: { state: 'ACTIVE' } },
  { label: 'In review queue', search: { queue: 'yes' } },
  { label: 'Not reviewed', search: { reviewed: 'no' } },
  { label: 'Has gaps', search: { gaps: 'yes' } },
  { label: 'Not recorded', search: { recorded: 'no' } },
  { label: 'On hold', search: { hold: 'yes' } },
]

type Props = { search: SessionsSearch; onChange: (changed: SessionsSearch) => void; onClear: () => void }

/** Filters that are in force, each with a way to take it away, and some to add. */
export function FilterChips({ search, onChange, onClear }: Props) {
  const chips = chipsOf(search)
  const isOffered = ({ search: offered }: Quick) =>
    Object.keys(offered).every((key) => search[key as keyof SessionsSearch] === undefined)
  return (
    <div className="chips filter-chips" role="group" aria-label="Filters in force">
      {chips.map(({ key, label }) => (
        <button
          key={key}
          type="button"
          className="chip chip-set"
          title="Take this filter away"
          onClick={() => onChange({ [key]: undefined })}
        >
          {label}
          <Icon name="close" />
        </button>
      ))}
      {quick.filter(isOffered).map((each) => (
        <button key={each.label} type="button" className="chip" onClick={() => onChange(each.search)}>
          + {each.label}
        </button>
      ))}
      {(chips.length > 0 || search.text) && (
        <button type="button" className="chip chip-clear" onClick={onClear}>
          Clear filters
        </button>
      )}
    </div>
  )
}
