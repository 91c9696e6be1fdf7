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

export const kindClass = (kind: MomentKind) => `kind-${kind.toLowerCase()}`

export function KindBadge({ kind }: { kind: MomentKind }) {
  return <span className={`badge kind-badge ${kindClass(kind)}`}>{kindNames[kind]}</span>
}
