import { useId, useState } from 'react'
import type { FacetsQuery, SessionOrder, SessionState } from '../../gql/graphql'
import { sessionOrders, sessionStates, yesNo, type SessionsSearch } from '../../lib/paths'
import { choiceParam } from '../../lib/url-state'
import { useDraft } from '../../lib/use-draft'
import { DateField, Field, SelectField, TextField } from '../../ui/fields'
import { stateNames } from '../../ui/StateBadge'
import { FilterChips } from './FilterChips'
import { yesNoFilters, yesNoKeys } from './filters'
import { useFilterValues } from './use-facets'

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

export function SessionFilters(props: Props) {
  const { search, onChange, onClear } = props
  const [isOpen, setOpen] = useState(false)
  const moreId = useId()
  const { text, setText } = useDraft(search.text ?? '', (words) => onChange({ text: words || undefined }))
  return (
    <div className="filters panel" role="group" aria-label="Filters">
      <div className="filters-first">
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
          label="State"
          anyLabel="Any state"
          value={search.state}
          options={sessionStates.map((state: SessionState) => ({ value: state, label: stateNames[state] }))}
          onChange={(state) => onChange({ state: choiceParam(state, sessionStates) })}
        />
        <SelectField
          label="Order"
          value={search.order ?? 'STARTED_DESC'}
          options={sessionOrders.map((order) => ({ value: order, label: orderNames[order] }))}
          onChange={(order) =>
            onChange({ order: order === 'STARTED_DESC' ? undefined : choiceParam(order, sessionOrders) })
          }
        />
        <button
          type="button"
          className="button"
          aria-expanded={isOpen}
          aria-controls={moreId}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Fewer filters' : 'More filters'}
        </button>
      </div>
      <div id={moreId} className="filters-more" hidden={!isOpen}>
        {isOpen && <MoreFilters {...props} />}
      </div>
      <FilterChips search={search} onChange={onChange} onClear={onClear} />
    </div>
  )
}

function MoreFilters({ search, facets, onChange }: Props) {
  const { data } = useFilterValues(true)
  const counted = (values: { value: string; count: number }[] = []) =>
    values.map(({ value, count }) => ({ value, label: `${value} (${count})` }))
  const names = (values: { value: string }[] | undefined) => values?.map(({ value }) => value) ?? []
  const field = (key: keyof SessionsSearch) => ({
    value: search[key],
    onChange: (value: string | undefined) => onChange({ [key]: value }),
  })
  return (
    <>
      <SelectField label="User" anyLabel="Any user" options={counted(facets?.users)} {...field('user')} />
      <SelectField label="Host" anyLabel="Any host" options={counted(facets?.hosts)} {...field('host')} />
      <SelectField
        label="Protocol"
        anyLabel="Any protocol"
        options={counted(facets?.protocols)}
        {...field('protocol')}
      />
      <TextField label="Group" suggestions={names(data?.groups)} {...field('group')} />
      <TextField label="Secret" suggestions={names(data?.secrets)} {...field('secret')} />
      <TextField label="Folder" suggestions={names(data?.folders)} {...field('folder')} />
      <TextField label="Target" suggestions={names(data?.targets)} {...field('target')} />
      <TextField label="Site" suggestions={names(data?.sites)} {...field('site')} />
      <TextField label="Launcher" suggestions={names(data?.launchers)} {...field('launcher')} />
      <TextField label="Policy" suggestions={[]} {...field('policy')} />
      <TextField label="Assignee" suggestions={[]} {...field('assignee')} />
      {yesNoKeys.map((key) => (
        <SelectField
          key={key}
          label={yesNoFilters[key].title}
          anyLabel="Any"
          value={search[key]}
          options={yesNo.map((choice) => ({ value: choice, label: yesNoFilters[key][choice] }))}
          onChange={(choice) => onChange({ [key]: choiceParam(choice, yesNo) })}
        />
      ))}
      <DateField label="From" {...field('from')} />
      <DateField label="To" {...field('to')} />
    </>
  )
}
