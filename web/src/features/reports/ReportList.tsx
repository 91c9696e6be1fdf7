import { Link } from '@tanstack/react-router'
import type { ReportDefinition } from './use-reports'

type Props = { reports: readonly ReportDefinition[]; chosen: string | undefined }

export function ReportList({ reports, chosen }: Props) {
  return (
    <nav className="report-list" aria-label="Reports">
      <ul>
        {reports.map(({ name, title, answers, allowed, supports }) => (
          <li key={name}>
            <Link
              to="/reports"
              search={(search) => ({ ...search, report: name })}
              className="report-link"
              aria-current={name === chosen ? 'true' : undefined}
            >
              <strong>{title}</strong>
              <span>{answers}</span>
              <span className="report-controls">
                {allowed ? supports.map(({ framework, id }) => `${framework} ${id}`).join(' · ') : 'needs more rights than you have'}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
