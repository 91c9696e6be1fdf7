import { useTheme, type Theme } from '../lib/theme'
import { Icon, type IconName } from '../ui/Icon'

const looks: Record<Theme, { icon: IconName; name: string; next: Theme }> = {
  system: { icon: 'system', name: 'as the system', next: 'light' },
  light: { icon: 'sun', name: 'light', next: 'dark' },
  dark: { icon: 'moon', name: 'dark', next: 'system' },
}

export function ThemeButton() {
  const [theme, choose] = useTheme()
  const look = looks[theme]
  const label = `Theme: ${look.name}. Change to ${looks[look.next].name}.`
  return (
    <button
      type="button"
      className="button button-quiet button-icon"
      aria-label={label}
      title={label}
      onClick={() => choose(look.next)}
    >
      <Icon name={look.icon} />
    </button>
  )
}
