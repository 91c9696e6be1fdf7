import type { FacetKind } from '../../gql/graphql'

/** What can stand before a colon, in a few words. The server says which there are. */
export const fieldHelp: Record<string, string | undefined> = {
  user: 'who acted',
  group: 'a group of the user',
  host: 'the machine',
  target: 'the account or resource reached',
  site: 'where it was recorded',
  secret: 'the secret used',
  folder: 'the folder of the secret, or above it',
  launcher: 'what opened the session',
  protocol: 'terminal, ssh, rdp, …',
  kind: 'command, keys, screen, file, …',
  app: 'the program',
  cwd: 'the directory of a command',
  exit: 'exit status: 0, >0',
  duration: 'how long a command ran: >10m',
  session: 'the id of a session',
  at: 'when: today, -7d.., 2026-03..2026-05',
  started: 'when the session began',
}

export type SearchFacet = { by: FacetKind; field: string; title: string }

export const facetsShown: readonly SearchFacet[] = [
  { by: 'KIND', field: 'kind', title: 'Kind' },
  { by: 'USER', field: 'user', title: 'User' },
  { by: 'HOST', field: 'host', title: 'Host' },
  { by: 'TARGET', field: 'target', title: 'Target' },
  { by: 'APP', field: 'app', title: 'Program' },
  { by: 'GROUP', field: 'group', title: 'Group' },
  { by: 'SITE', field: 'site', title: 'Site' },
  { by: 'PROTOCOL', field: 'protocol', title: 'Protocol' },
  { by: 'LAUNCHER', field: 'launcher', title: 'Launcher' },
]
