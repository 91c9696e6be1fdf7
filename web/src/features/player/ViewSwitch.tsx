import { playerViews, type PlayerView } from '../../lib/paths'

const names: Record<PlayerView, string> = { video: 'Video', terminal: 'Terminal', text: 'Text' }

/** Of a session that was captured in both ways, which one is shown. */
type Props = { view: PlayerView; views: readonly PlayerView[]; onView: (view: PlayerView) => void }

export function ViewSwitch({ view, views, onView }: Props) {
  return (
    <div className="view-switch" role="group" aria-label="What is shown">
      {playerViews.filter((choice) => views.includes(choice)).map((choice) => (
        <button
          key={choice}
          type="button"
          className="chip"
          aria-pressed={choice === view}
          onClick={() => onView(choice)}
        >
          {names[choice]}
        </button>
      ))}
    </div>
  )
}
