import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { ReasonForm, useLookingAt } from '../features/looking/ReasonForm'
import { Player } from '../features/player/Player'
import '../features/player/player.css'
import { useSession } from '../features/player/use-session'
import { PurgedNote } from '../features/retention/PurgedNote'
import { useMedia } from '../features/video/use-media'
import '../features/review/review.css'
import '../features/timeline/timeline.css'
import '../features/transcript/transcript.css'
import '../features/video/video.css'
import { WithoutRecording } from '../features/live/WithoutRecording'
import { toApiError } from '../lib/errors'
import { sessionName } from '../lib/format'
import type { PlayerSearch } from '../lib/paths'
import { useIsHere } from '../lib/use-is-here'
import { useTitle } from '../lib/use-title'
import { ErrorNote } from '../ui/notes'

const route = getRouteApi('/shell/sessions/$id')

export function SessionPage() {
  const { id } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const isHere = useIsHere()
  const { data: session, error, isPending, refetch } = useSession(id)
  const footage = useMedia(id)
  useLookingAt(id)
  const refusal = error ?? footage.error
  const wantsReason = refusal !== null && toApiError(refusal).problem === 'reason-required'
  const again = () => {
    void refetch()
    void footage.refetch()
  }
  useTitle(session ? sessionName(session) : 'Session')
  const onSearch = useCallback(
    (next: PlayerSearch) => {
      if (isHere()) void navigate({ search: next, replace: true, resetScroll: false })
    },
    [navigate, isHere],
  )
  return (
    <div className="page page-player">
      {wantsReason ? (
        <ReasonForm sessionId={id} onSaid={again} />
      ) : isPending || footage.isPending ? (
        <div className="player-skeleton skeleton" role="status" aria-label="Loading the session" />
      ) : error && toApiError(error).problem === 'forbidden' ? (
        <WithoutRecording id={id} />
      ) : error ? (
        <ErrorNote error={error} onRetry={again} />
      ) : session ? (
        <Player key={session.id} session={session} footage={footage} search={search} onSearch={onSearch} />
      ) : (
        <PurgedNote id={id} />
      )}
    </div>
  )
}
