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

type Wanted = { value: string; reason: string; isConfirmed: boolean }

/** What came of asking for a change: it was made, changes nothing, or is to be confirmed first. */
export type Outcome = { state: 'changed' | 'same' } | { state: 'warned'; value: string; warnings: readonly string[] }

/** Changes a setting. What the server warns of has to be confirmed. */
export function useChangeSetting(name: string, onChanged: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ value, reason, isConfirmed }: Wanted): Promise<Outcome> => {
      if (!isConfirmed) {
        const { settingPreview } = await graphql(SettingPreviewDocument, { name, value })
        if (!settingPreview.isOther) return { state: 'same' }
        if (settingPreview.warnings.length > 0) {
          return { state: 'warned', value, warnings: settingPreview.warnings }
        }
      }
      const { changeSetting } = await graphql(ChangeSettingDocument, { name, value, reason: reason.trim() || null })
      client.setQueryData<SettingsQuery>(settingsKey, (known) =>
        known && { settings: known.settings.map((one) => (one.name === name ? changeSetting : one)) },
      )
      return { state: 'changed' }
    },
    onSuccess: async ({ state }) => {
      if (state !== 'changed') return
      await client.invalidateQueries({ queryKey: ['setting-changes', name] })
      onChanged()
    },
  })
}
