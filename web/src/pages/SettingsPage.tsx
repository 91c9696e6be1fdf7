import { getRouteApi } from '@tanstack/react-router'
import { useRights } from '../features/auth/use-rights'
import { RetentionSummary } from '../features/retention/RetentionSummary'
import { groupsOf } from '../features/settings/grouping'
import { RightNote } from '../features/settings/RightNote'
import { SettingItem } from '../features/settings/SettingItem'
import { SettingsFrame } from '../features/settings/SettingsFrame'
import { useSettings } from '../features/settings/use-settings'
import { plural } from '../lib/format'
import { toApiError } from '../lib/errors'
import { useDraft } from '../lib/use-draft'
import { useIsHere } from '../lib/use-is-here'
import { EmptyNote, ErrorNote, ListSkeleton } from '../ui/notes'

const route = getRouteApi('/shell/settings')

export function SettingsPage() {
  return (
    <SettingsFrame title="Settings" about="What holds on every node, from when on, by whom and why.">
      <Settings />
    </SettingsFrame>
  )
}

function Settings() {
  const { q = '', changed } = route.useSearch()
  const navigate = route.useNavigate()
  const isHere = useIsHere()
  const go = (search: { q?: string; changed?: 'yes' }) => {
    if (isHere()) void navigate({ search, replace: true, resetScroll: false })
  }
  const { text, setText } = useDraft(q, (settled) => go({ q: settled || undefined, changed }))
  const { everywhere, isKnown } = useRights()
  const { data, error, isPending, dataUpdatedAt, refetch } = useSettings()
  if (isPending || !isKnown) return <ListSkeleton rows={8} label="Loading settings" />
  if (error) {
    if (toApiError(error).problem === 'forbidden') return <RightNote right="VIEW_SETTINGS" what="see settings" />
    return <ErrorNote error={error} onRetry={() => void refetch()} />
  }
  const mayChange = everywhere.includes('CHANGE_SETTINGS')
  const groups = groupsOf(data, text, changed === 'yes')
  const count = groups.reduce((sum, { settings }) => sum + settings.length, 0)
  return (
    <>
      <div className="settings-tools">
        <input
          type="search"
          className="input"
          aria-label="Search settings"
          placeholder="Search settings: name, help, value"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <button
          type="button"
          className="chip"
          aria-pressed={changed === 'yes'}
          onClick={() => go({ q: text || undefined, changed: changed === 'yes' ? undefined : 'yes' })}
        >
          Changed only
        </button>
        <span role="status" className="settings-count">
          {plural(count, 'setting')}
        </span>
      </div>
      {!mayChange && <RightNote right="CHANGE_SETTINGS" what="change settings" />}
      {count === 0 && <EmptyNote title="No setting matches." />}
      {groups.map((group) => (
        <section key={group.name} className="setting-group" aria-labelledby={`group-${group.name}`}>
          <div className="setting-group-head">
            <h2 id={`group-${group.name}`}>{group.title}</h2>
            <p>{group.help}</p>
          </div>
          {group.name === 'retention' && <RetentionSummary settings={data} nowMs={dataUpdatedAt} />}
          <ul className="panel">
            {group.settings.map((setting) => (
              <SettingItem key={setting.name} setting={setting} mayChange={mayChange} nowMs={dataUpdatedAt} />
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}
