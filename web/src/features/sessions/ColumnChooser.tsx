import { Dropdown } from '../../ui/Dropdown'
import { columns, type Column } from './columns'

type Props = { shown: readonly Column[]; onToggle: (column: Column) => void }

export function ColumnChooser({ shown, onToggle }: Props) {
  return (
    <Dropdown label="Columns">
      <fieldset className="column-choices">
        <legend className="visually-hidden">Columns</legend>
        {columns.map((column) => (
          <label key={column.id}>
            <input type="checkbox" checked={shown.includes(column)} onChange={() => onToggle(column)} />
            {column.title}
          </label>
        ))}
      </fieldset>
    </Dropdown>
  )
}
