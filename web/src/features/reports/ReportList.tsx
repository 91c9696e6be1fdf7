import { Link } from '@tanstack/react-router'
import type { ReportDefinition } from './use-reports'

type Props = { reports: readonly ReportDefinition[] }

/** All reports with what they answer, to choose one. */
export function ReportCards({ reports }: Props) {
  return (
    <ul className="report-cards">
      {reports.map(({ name, title, answers, allowed, supports }) => (
        <li key={name}>
          <Link to="/reports" search={(search) => ({ ...search, report: name })} className="report-card panel">
            <strong>{title}</strong>
            <span>{answers}</span>
            <span className="report-controls">
              {allowed
                ? frameworksOf(supports).map((framework) => <span key={framework}>{framework}</span>)
                : 'Needs more rights than you have'}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

/** The same beside one that is chosen. */
export function ReportNav({ reports, chosen }: Props & { chosen: string }) {
  return (
    <nav className="report-nav" aria-label="Reports">
      <ul>
        {reports.map(({ name, title }) => (
          <li key={name}>
            <Link
              to="/reports"
              search={(search) => ({ ...search, report: name })}
              aria-current={name === chosen ? 'true' : undefined}
            >
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** Each framework once. */
const frameworksOf = (supports: ReportDefinition['supports']) => [...new Set(supports.map(({ framework }) => framework))]
