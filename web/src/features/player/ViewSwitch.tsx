import { playerViews, type PlayerView } from '../../lib/paths'

const names: Record<PlayerView, string> = { video: 'Video', terminal: 'Terminal' }

/** Of a session that was captured in both ways, which one is shown. */
export function ViewSwitch({ view, onView }: { view: PlayerView; onView: (view: PlayerView) => void }) {
  return (
    <div className="view-switch" role="group" aria-label="What is shown">
      {playerViews.map((choice) => (
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
