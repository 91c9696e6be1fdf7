import { Link } from '@tanstack/react-router'
import { formatLocal } from '../../lib/time'
import type { RanReport } from './use-reports'

const sessionId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const utcTime = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC$/

/** The rows, as they stand in the files: of any reader the same. */
export function ReportRows({ report: { definition, rows } }: { report: RanReport }) {
  return (
    <div className="report-rows panel table-panel" role="region" aria-label="Rows" tabIndex={0}>
      <table className="table data-table">
        <thead>
          <tr>
            {definition.columns.map(({ name, title, numeric }) => (
              <th key={name} scope="col" className={numeric ? 'right' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {definition.columns.map(({ name, title, numeric }, place) => (
                <td key={name} data-label={title} className={numeric ? 'right numeric' : undefined}>
                  <Value name={name} text={row[place] ?? ''} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ name, text }: { name: string; text: string }) {
  if (text === '') {
    return (
      <span className="report-nothing" aria-hidden="true">
        –
      </span>
    )
  }
  if (name === 'session' && sessionId.test(text)) {
    return (
      <Link to="/sessions/$id" params={{ id: text }} className="numeric" title={text}>
        {text.slice(0, 8)}
      </Link>
    )
  }
  if (name === 'position' && /^\d+$/.test(text)) {
    return (
      <Link to="/log" search={{ before: String(BigInt(text) + 1n) }} className="numeric">
        {text}
      </Link>
    )
  }
  if (utcTime.test(text)) {
    const at = `${text.slice(0, 10)}T${text.slice(11, 19)}Z`
    return (
      <time dateTime={at} title={`${formatLocal(at)} here`} className="numeric">
        {text}
      </time>
    )
  }
  if (name === 'outcome') return <strong className={text === 'holds' ? 'report-holds' : 'report-fails'}>{text}</strong>
  return text
}
