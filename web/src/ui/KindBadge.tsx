import type { MomentKind } from '../gql/graphql'

export const kindNames: Record<MomentKind, string> = {
  COMMAND: 'Command',
  KEYS: 'Keys',
  SCREEN: 'Screen',
  MARKER: 'Marker',
  CHANGE: 'Change',
  PROCESS: 'Process',
  WINDOW: 'Window',
  CLIPBOARD: 'Clipboard',
  FILE: 'File',
  MESSAGE: 'Message',
}

/** The name of a kind as the server writes it in texts; of one that is not known here, what it wrote. */
export const kindName = (kind: string) => (kindNames as Record<string, string | undefined>)[kind.toUpperCase()] ?? kind

export const kindClass = (kind: MomentKind) => `kind-${kind.toLowerCase()}`

export function KindBadge({ kind }: { kind: MomentKind }) {
  return <span className={`badge kind-badge ${kindClass(kind)}`}>{kindNames[kind]}</span>
}
