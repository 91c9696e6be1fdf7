import { useEffect } from 'react'
import { formatCount } from '../../lib/format'
import type { Suggestion } from './completion'
import { fieldHelp } from './fields'

export const optionId = (listId: string, index: number) => `${listId}-${index}`

type Props = {
  id: string
  options: readonly Suggestion[]
  active: number
  onChoose: (option: Suggestion) => void
}

/** The list below the box. The focus stays in the box: a press must not take it away. */
export function Suggestions({ id, options, active, onChoose }: Props) {
  useEffect(() => {
    if (active >= 0) document.getElementById(optionId(id, active))?.scrollIntoView({ block: 'nearest' })
  }, [id, active])
  return (
    <div id={id} role="listbox" aria-label="Suggestions" className="suggestions" hidden={options.length === 0}>
      {options.map((option, index) => (
        // The keys that choose are the box's.
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={option.text}
          id={optionId(id, index)}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          className="suggestion"
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(option)}
        >
          <code>{option.text}</code>
          <span>{helpOf(option)}</span>
        </div>
      ))}
    </div>
  )
}

function helpOf({ kind, field, count }: Suggestion): string {
  if (kind === 'FIELD') return fieldHelp[field] ?? ''
  return typeof count === 'number' ? formatCount(count) : ''
}
