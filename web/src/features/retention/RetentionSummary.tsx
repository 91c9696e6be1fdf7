import { Link } from '@tanstack/react-router'
import { plural } from '../../lib/format'
import { ErrorNote } from '../../ui/notes'
import { Time } from '../../ui/Time'
import type { Setting } from '../settings/use-settings'
import { useRetention } from './use-retention'
import { purgesNothing, retentionSentence } from './words'
import './retention.css'

type Props = { settings: readonly Setting[]; nowMs: number }

/** What the settings of this group do to what was recorded. */
export function RetentionSummary({ settings, nowMs }: Props) {
  const { data, error, dataUpdatedAt, refetch } = useRetention()
  if (error && !data) return <ErrorNote error={error} onRetry={() => void refetch()} />
  return (
    <div className="panel retention-summary" data-testid="retention-summary">
      <p role="status">{data ? retentionSentence(purgesNothing(settings), data) : ' '}</p>
      {data?.trouble && (
        <div className="note note-error" role="alert">
          <strong>The last purge met with trouble.</strong>
          <span>{data.trouble}</span>
        </div>
      )}
      <p className="hint">
        <Link to="/sessions" search={{ hold: 'yes' }}>
          {data ? `${plural(data.onHold, 'session')} on legal hold` : 'Sessions on legal hold'}
        </Link>
        {' · '}
        <Link to="/purged">Purged recordings</Link>
        {data?.lookedAt && (
          <>
            {' · '}looked for what is due <Time at={data.lookedAt} agoFrom={Math.max(nowMs, dataUpdatedAt)} />
          </>
        )}
      </p>
    </div>
  )
}
