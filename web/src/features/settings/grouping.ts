import type { Setting } from './use-settings'

export type SettingGroup = { name: string; title: string; help: string; settings: Setting[] }

/** What a value is written in, for people. */
export const unitOfKind: Record<string, string> = {
  count: 'a number',
  bytes: 'a size, such as 8 MiB',
  seconds: 'a time, such as 90s, 5m, 8h or 30d',
  boolean: 'yes or no',
  text: 'a text',
  expression: 'a regular expression',
  url: 'an address, https://…',
  networks: 'networks, divided by commas',
  choice: 'one of these',
  retention: 'times and conditions',
}

/** `sign_in` as a title. */
export function groupTitle(name: string): string {
  const short: Record<string, string> = { api: 'API', oidc: 'Single sign-on', sign_in: 'Sign-in', sudo: 'sudo' }
  return short[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`
}

/** The settings in which each word of a text occurs, in their groups and their order. */
export function groupsOf(settings: readonly Setting[], text: string, onlyChanged = false): SettingGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const groups = new Map<string, SettingGroup>()
  for (const setting of settings) {
    const { name, help, value, group } = setting
    const title = groupTitle(group.name)
    const told = `${name} ${name.replaceAll(/[._]/g, ' ')} ${title} ${help} ${value}`.toLowerCase()
    if (!words.every((word) => told.includes(word)) || (onlyChanged && !setting.isChanged)) continue
    const known = groups.get(group.name) ?? { name: group.name, title, help: group.help, settings: [] }
    known.settings.push(setting)
    groups.set(group.name, known)
  }
  return [...groups.values()]
}

/** A value in a sentence: what is empty would not show. */
export const shownValue = (value: string) => (value === '' ? 'nothing' : value)
