import { useRights } from '../features/auth/use-rights'
import '../features/health/health.css'
import { DiskPanel, LogPanel, ProjectionTable, RecorderTable, VideoPanel } from '../features/health/HealthPanels'
import { useHealth } from '../features/health/use-health'
import { RightNote } from '../features/settings/RightNote'
import { SettingsFrame } from '../features/settings/SettingsFrame'
import { toApiError } from '../lib/errors'
import { ErrorNote, ListSkeleton } from '../ui/notes'

export function HealthPage() {
  return (
    <SettingsFrame title="Health" about="The log, what is built of it, and the room that is left. Renewed every three seconds.">
      <HealthPanels />
    </SettingsFrame>
  )
}

function HealthPanels() {
  const { data, error, isPending, refetch } = useHealth()
  const { somewhere } = useRights()
  if (isPending) return <ListSkeleton rows={8} label="Loading health" />
  if (!data) {
    if (toApiError(error).problem === 'forbidden') return <RightNote right="VIEW_SETTINGS" what="see how the server is" />
    return <ErrorNote error={error} onRetry={() => void refetch()} />
  }
  const { health, sessions } = data
  return (
    <>
      <div className="health-panels">
        <LogPanel health={health} />
        <DiskPanel health={health} />
        <VideoPanel health={health} mayRetry={somewhere.includes('VIEW_RECORDINGS')} />
      </div>
      <ProjectionTable health={health} />
      <RecorderTable sessions={sessions} nowMs={Date.parse(health.at)} />
      <p className="health-version">Retrace {health.version}</p>
    </>
  )
}
