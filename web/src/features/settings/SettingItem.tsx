import { useState } from 'react'
import { Time } from '../../ui/Time'
import { shownValue } from './grouping'
import { SettingEditor, type Draft } from './SettingEditor'
import { SettingHistory } from './SettingHistory'
import type { Setting } from './use-settings'

type Props = { setting: Setting; mayChange: boolean; nowMs: number }

export function SettingItem({ setting, mayChange, nowMs }: Props) {
  const [draft, setDraft] = useState<Draft>()
  const [isOpen, setOpen] = useState(false)
  const [isSaved, setSaved] = useState(false)
  const { name, help, value, defaultValue, isChanged, lastChange } = setting
  const edit = (next: Draft) => {
    setSaved(false)
    setDraft(next)
  }
  return (
    <li className="setting" id={name} data-changed={isChanged || undefined}>
      <div className="setting-about">
        <h3 className="setting-name">{name}</h3>
        <p>{help}</p>
        <p className="setting-origin">
          {lastChange ? (
            <>
              Set by <strong>{lastChange.by}</strong> <Time at={lastChange.at} agoFrom={nowMs} />
              {lastChange.reason && <>: “{lastChange.reason}”</>}
            </>
          ) : (
            'The default, never changed'
          )}
          {isChanged && <> · default {shownValue(defaultValue)}</>}
        </p>
      </div>
      <div className="setting-value">
        <code data-testid={`value-${name}`} className={value === '' ? 'setting-nothing' : ''}>
          {shownValue(value)}
        </code>
        {isChanged && <span className="badge badge-warning">Changed</span>}
      </div>
      <div className="setting-actions">
        {lastChange && (
          <button
            type="button"
            className="button button-quiet"
            aria-expanded={isOpen}
            aria-label={`History of ${name}`}
            onClick={() => setOpen(!isOpen)}
          >
            History
          </button>
        )}
        {mayChange && (
          <button
            type="button"
            className="button"
            aria-expanded={draft !== undefined}
            aria-label={`Change ${name}`}
            onClick={() => (draft ? setDraft(undefined) : edit({ value, reason: '' }))}
          >
            Change
          </button>
        )}
        <span role="status" className="setting-saved">
          {isSaved && 'Saved'}
        </span>
      </div>
      {draft && (
        <SettingEditor
          key={`${draft.value}\n${draft.reason}`}
          setting={setting}
          draft={draft}
          onCancel={() => setDraft(undefined)}
          onChanged={() => {
            setDraft(undefined)
            setSaved(true)
          }}
        />
      )}
      {isOpen && <SettingHistory name={name} mayChange={mayChange} onUndo={edit} />}
    </li>
  )
}
