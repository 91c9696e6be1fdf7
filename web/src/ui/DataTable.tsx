import type { ReactNode } from 'react'

type Props = { label: string; head: readonly string[]; children: ReactNode }

/** A table that becomes a list of cards where the screen is narrow: cells say their column in `data-label`. */
export function DataTable({ label, head, children }: Props) {
  return (
    <div className="panel table-panel" role="region" aria-label={label} tabIndex={0}>
      <table className="table data-table">
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col">
                {title === 'Actions' ? <span className="visually-hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
