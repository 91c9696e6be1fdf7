import { formatCount, plural } from '../../lib/format'
import { CopyButton } from '../../ui/CopyButton'
import type { LogHead } from './use-log'

export function LogHeadPanel({ head }: { head: LogHead }) {
  return (
    <div className="log-head">
      <section className="panel log-proof" aria-label="Head of the log">
        <dl>
          <div>
            <dt>Size</dt>
            <dd className="numeric log-size" data-testid="log-size">
              {formatCount(head.size)}
            </dd>
          </div>
          <Hash name="Root hash" text={head.rootHash} />
          <Hash name="Verifier key" text={head.verifierKey} />
        </dl>
      </section>
      <section className="panel log-checkpoint" aria-labelledby="checkpoint-title">
        <div className="recent-head">
          <h2 id="checkpoint-title">Checkpoint</h2>
          <CopyButton label="Copy" className="button-quiet" text={() => head.checkpoint} />
        </div>
        <pre tabIndex={0} aria-label="Text of the checkpoint">
          {head.checkpoint}
        </pre>
        <p>Keep a copy outside of Retrace: whoever changes an event after this point cannot make it fit again.</p>
      </section>
      <Projections projections={head.projections} />
    </div>
  )
}

function Hash({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="digest">
        <code>{text}</code>
        <CopyButton label="Copy" className="button-quiet" text={() => text} />
      </dd>
    </div>
  )
}

function Projections({ projections }: { projections: LogHead['projections'] }) {
  return (
    <section className="panel log-projections" aria-labelledby="projections-title">
      <h2 id="projections-title">Read models</h2>
      <ul>
        {projections.map(({ name, lag }) => (
          <li key={name}>
            <span>{name}</span>
            <span className={`badge ${lag === '0' ? 'badge-active' : ''}`}>
              {lag === '0' ? 'up to date' : `${plural(Number(lag), 'event')} behind`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
