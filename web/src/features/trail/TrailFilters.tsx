import { type TrailSearch } from '../../lib/paths'
import { DateField, TextField } from '../../ui/fields'
import { trailKindNames, trailKinds, type TrailKind } from './kinds'

type Props = { search: TrailSearch; people: readonly string[]; onChange: (changed: Partial<TrailSearch>) => void }

export function TrailFilters({ search, people, onChange }: Props) {
  const kinds = search.kinds ?? []
  const toggle = (kind: TrailKind) => {
    const chosen = trailKindNames.filter((one) => (one === kind) !== kinds.includes(one))
    onChange({ kinds: chosen.length > 0 ? chosen : undefined })
  }
  return (
    <div className="panel trail-filters">
      <div className="trail-fields">
        <TextField label="Who" value={search.by} suggestions={people} onChange={(by) => onChange({ by })} />
        <DateField label="From" value={search.from} onChange={(from) => onChange({ from })} />
        <DateField label="To" value={search.to} onChange={(to) => onChange({ to })} />
      </div>
      <div className="chips" role="group" aria-label="Kinds">
        <button type="button" className="chip" aria-pressed={kinds.length === 0} onClick={() => onChange({ kinds: undefined })}>
          All
        </button>
        {trailKindNames.map((kind) => (
          <button
            key={kind}
            type="button"
            className="chip"
            aria-pressed={kinds.includes(kind)}
            onClick={() => toggle(kind)}
          >
            {trailKinds[kind].name}
          </button>
        ))}
      </div>
      {search.session && (
        <button type="button" className="chip chip-clear" onClick={() => onChange({ session: undefined })}>
          Only with session {search.session}: show all
        </button>
      )}
    </div>
  )
}
