import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import {
  ChangeSettingDocument,
  SettingChangesDocument,
  SettingPreviewDocument,
  SettingsDocument,
  type SettingChangesQuery,
  type SettingsQuery,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'

export type Setting = SettingsQuery['settings'][number]
export type SettingChange = SettingChangesQuery['settingChanges'][number]

const settingsKey = ['settings']

export function useSettings() {
  return useQuery({
    queryKey: settingsKey,
    queryFn: ({ signal }) => graphql(SettingsDocument, {}, signal),
    select: ({ settings }) => settings,
  })
}

/** All changes of a setting, the newest first. */
export function useSettingHistory(name: string) {
  return useQuery({
    queryKey: ['setting-changes', name],
    queryFn: ({ signal }) => graphql(SettingChangesDocument, { name }, signal),
    select: ({ settingChanges }) => settingChanges.toReversed(),
  })
}

type Wanted = {
  value: string
  reason: string
  /** What was warned of, and is wanted all the same. */
  confirmed: Warned | undefined
}

/** What a value would do that has to be confirmed. With `purges` so many recordings would be destroyed. */
export type Warned = { state: 'warned'; value: string; warnings: readonly string[]; purges: number }

/** What came of asking for a change: it was made, changes nothing, or is to be confirmed first. */
export type Outcome = { state: 'changed' | 'same' } | Warned

/** Changes a setting. What the server warns of has to be confirmed; what would be destroyed is counted once more then. */
export function useChangeSetting(name: string, onChanged: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ value, reason, confirmed }: Wanted): Promise<Outcome> => {
      if (!confirmed || confirmed.purges > 0) {
        const { settingPreview } = await graphql(SettingPreviewDocument, { name, value })
        const { isOther, warnings, purges } = settingPreview
        if (!isOther) return { state: 'same' }
        const isNews = !confirmed || purges !== confirmed.purges
        if (isNews && (warnings.length > 0 || purges > 0)) return { state: 'warned', value, warnings, purges }
      }
      const { changeSetting } = await graphql(ChangeSettingDocument, { name, value, reason: reason.trim() || null })
      client.setQueryData<SettingsQuery>(settingsKey, (known) =>
        known && { settings: known.settings.map((one) => (one.name === name ? changeSetting : one)) },
      )
      return { state: 'changed' }
    },
    onSuccess: async ({ state }) => {
      if (state !== 'changed') return
      // What goes by it is counted anew, and how long sessions are kept.
      for (const queryKey of [['retention'], ['session']]) void client.invalidateQueries({ queryKey })
      await client.invalidateQueries({ queryKey: ['setting-changes', name] })
      onChanged()
    },
  })
}
