import { Link } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { MomentDetailDocument } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { paths } from '../../lib/paths'
import { formatOffset } from '../../lib/time'
import { CopyButton } from '../../ui/CopyButton'
import { Icon } from '../../ui/Icon'
import { KindBadge } from '../../ui/KindBadge'
import { Time } from '../../ui/Time'
import { hiddenLabel } from '../redaction/hidden'
import type { PlayedSession } from '../player/use-session'
import { eventIdOf, knownOf } from './detail'
import type { Moment } from './pages'

type Props = { session: PlayedSession; moment: Moment; onClose: () => void }

/** Everything that is known of one moment. */
export function MomentDetail({ session, moment, onClose }: Props) {
  const { data } = useQuery({
    queryKey: ['moment', session.id, moment.id],
    queryFn: ({ signal }) =>
      graphql(
        MomentDetailDocument,
        { id: session.id, event: eventIdOf(moment), untilMs: moment.offsetMs + 1 },
        signal,
      ),
    staleTime: 60_000,
  })
  const known = useMemo(() => knownOf(moment, data), [moment, data])
  const position = data?.node && 'position' in data.node ? data.node.position : undefined
  return (
    <section className="moment-detail" aria-label="The chosen moment">
      <div className="moment-detail-head">
        <KindBadge kind={moment.kind} />
        <span className="numeric">{formatOffset(moment.offsetMs)}</span>
        <Time at={moment.at} />
        {moment.redacted && (
          <span className="badge badge-hidden">
            {hiddenLabel(session.redactions, moment.startMs, moment.offsetMs)}
          </span>
        )}
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label="Close the moment"
          title="Close"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <dl>
        {known.map(({ name, value, isCode }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{isCode ? <code>{value}</code> : value}</dd>
          </div>
        ))}
      </dl>
      <div className="moment-detail-actions">
        <CopyButton label="Copy text" className="button-quiet" text={() => moment.text} />
        <CopyButton
          label="Copy link"
          icon="link"
          className="button-quiet"
          text={() => new URL(paths.session(session.id, { t: moment.offsetMs }), window.location.href).href}
        />
        {position !== undefined && (
          <Link
            to="/log"
            search={{ before: String(BigInt(position) + 1n) }}
            className="button button-quiet"
          >
            In the log
          </Link>
        )}
      </div>
    </section>
  )
}
