import type { MomentKind } from '../gql/graphql'
import { momentKinds } from '../lib/paths'
import { kindClass, kindNames } from './KindBadge'

type Props = {
  label: string
  kinds: MomentKind[] | undefined
  choices?: readonly MomentKind[]
  onChange: (kinds: MomentKind[] | undefined) => void
}

/** Chooses kinds; none chosen means all of them. */
export function KindChips({ label, kinds = [], choices = momentKinds, onChange }: Props) {
  const toggle = (kind: MomentKind) => {
    const chosen = choices.filter((k) => (k === kind) !== kinds.includes(k))
    onChange(chosen.length > 0 ? chosen : undefined)
  }
  return (
    <div className="chips" role="group" aria-label={label}>
      <button type="button" className="chip" aria-pressed={kinds.length === 0} onClick={() => onChange(undefined)}>
        All
      </button>
      {choices.map((kind) => (
        <button
          key={kind}
          type="button"
          className={`chip ${kindClass(kind)}`}
          aria-pressed={kinds.includes(kind)}
          onClick={() => toggle(kind)}
        >
          {kindNames[kind]}
        </button>
      ))}
    </div>
  )
}
