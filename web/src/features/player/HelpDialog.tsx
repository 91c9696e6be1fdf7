import { Dialog } from '../../ui/Dialog'
import { shortcuts } from './shortcuts'

const keyNames: Record<string, string> = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→' }

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" open={open} onClose={onClose}>
      <dl className="shortcuts">
        {shortcuts.map((shortcut) => (
          <div key={shortcut.does}>
            <dt>
              {shortcut.keys.map((key) => (
                <kbd key={key}>{keyNames[key] ?? key.toUpperCase().replace(/^(HOME|END)$/, titleCase)}</kbd>
              ))}
            </dt>
            <dd>{shortcut.does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}

const titleCase = (word: string) => word.charAt(0) + word.slice(1).toLowerCase()
