import type { ReactNode } from 'react'
import { Icon } from '../../ui/Icon'

export type VerdictLooks = 'good' | 'bad' | 'unsure' | 'waiting'

const icons = { good: 'check', bad: 'close', unsure: 'help', waiting: 'replay' } as const

/** What a check has found. In colour, by a sign, and in words. */
export function Verdict({ looks, children }: { looks: VerdictLooks; children: ReactNode }) {
  return (
    <div className={`verdict verdict-${looks}`} data-verdict={looks} role={looks === 'bad' ? 'alert' : undefined}>
      <Icon name={icons[looks]} />
      <div>{children}</div>
    </div>
  )
}
