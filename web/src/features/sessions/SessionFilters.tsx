import type { FacetsQuery, SessionOrder, SessionState } from '../../gql/graphql'
import { sessionOrders, sessionStates, type SessionsSearch } from '../../lib/paths'
import { choiceParam } from '../../lib/url-state'
import { useDraft } from '../../lib/use-draft'
import { DateField, Field, SelectField } from '../../ui/fields'
import { stateNames } from '../../ui/StateBadge'

const orderNames: Record<SessionOrder, string> = {
  STARTED_DESC: 'Newest first',
  STARTED_ASC: 'Oldest first',
  DURATION_DESC: 'Longest first',
  RECORDED_DESC: 'Last taken in',
}

type Props = {
  search: SessionsSearch
  facets: FacetsQuery['facets'] | undefined
  onChange: (changed: SessionsSearch) => void
  onClear: () => void
}

export function SessionFilters({ search, facets, onChange, onClear }: Props) {
  const { text, setText } = useDraft(search.text ?? '', (words) => onChange({ text: words || undefined }))
  const counted = (values: { value: string; count: number }[] = []) =>
    values.map(({ value, count }) => ({ value, label: `${value} (${count})` }))
  const isFiltered = Object.entries(search).some(([key, value]) => key !== 'order' && value !== undefined)
  return (
    <div className="filters panel" role="group" aria-label="Filters">
      <Field label="Title, user, host, command or file">
        <input
          type="search"
          className="input"
          placeholder="Words…"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
      <SelectField
        label="User"
        anyLabel="Any user"
        value={search.user}
        options={counted(facets?.users)}
        onChange={(user) => onChange({ user })}
      />
      <SelectField
        label="Host"
        anyLabel="Any host"
        value={search.host}
        options={counted(facets?.hosts)}
        onChange={(host) => onChange({ host })}
      />
      <SelectField
        label="Protocol"
        anyLabel="Any protocol"
        value={search.protocol}
        options={counted(facets?.protocols)}
        onChange={(protocol) => onChange({ protocol })}
      />
      <SelectField
        label="State"
        anyLabel="Any state"
        value={search.state}
        options={sessionStates.map((state: SessionState) => ({ value: state, label: stateNames[state] }))}
        onChange={(state) => onChange({ state: choiceParam(state, sessionStates) })}
      />
      <DateField label="From (UTC)" value={search.from} onChange={(from) => onChange({ from })} />
      <DateField label="To (UTC)" value={search.to} onChange={(to) => onChange({ to })} />
      <SelectField
        label="Order"
        value={search.order ?? 'STARTED_DESC'}
        options={sessionOrders.map((order) => ({ value: order, label: orderNames[order] }))}
        onChange={(order) =>
          onChange({ order: order === 'STARTED_DESC' ? undefined : choiceParam(order, sessionOrders) })
        }
      />
      <button type="button" className="button button-quiet" disabled={!isFiltered} onClick={onClear}>
        Clear filters
      </button>
    </div>
  )
}
