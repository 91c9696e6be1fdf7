import { plural } from '../../lib/format'
import { paths } from '../../lib/paths'
import { formatOffset } from '../../lib/time'
import type { Problem } from './use-media'

/** Damage is told, and does not stand in the way. */
export function FootageProblems({ problems }: { problems: readonly Problem[] }) {
  if (problems.length === 0) return null
  const are = problems.length === 1 ? 'is' : 'are'
  return (
    <details className="problems">
      <summary>
        {plural(problems.length, 'piece')} of footage {are} damaged
      </summary>
      <ul>
        {problems.map(({ startMs, mediaType, problem, url }) => (
          <li key={`${startMs} ${url}`}>
            <span className="numeric">{formatOffset(startMs)}</span> {mediaType}: {problem}{' '}
            <a href={paths.download(url)} download>
              Download the piece as it was captured
            </a>
          </li>
        ))}
      </ul>
    </details>
  )
}
