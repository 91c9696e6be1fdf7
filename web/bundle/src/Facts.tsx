import { formatDateTime } from '../../src/lib/time'
import type { BundleData } from './data'

export function Facts({ bundle }: { bundle: BundleData }) {
  const { session, policies } = bundle
  const facts: [string, string][] = [
    ['Session', session.session],
    ['Started', formatDateTime(session.startedAt)],
    ['Ended', session.endedAt ? formatDateTime(session.endedAt) : 'not by this position'],
    ['Why it ended', session.ended?.reason ?? ''],
    ['Sources', session.sources.map(({ source }) => source).join(', ')],
    ['Position of the log', String(bundle.position)],
    ...Object.entries(session.launched ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
  ]
  const { whenItBegan, atThisPosition } = policies
  const names = Object.keys({ ...whenItBegan.settings, ...atThisPosition.settings }).toSorted()
  return (
    <div className="facts">
      <dl>
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <h2>Settings in force</h2>
      <div className="table-frame" role="region" aria-label="Settings in force" tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">When it began</th>
              <th scope="col">At this position</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <td className="mono">{name}</td>
                <td>{String(whenItBegan.settings[name] ?? '')}</td>
                <td>{String(atThisPosition.settings[name] ?? '')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}
