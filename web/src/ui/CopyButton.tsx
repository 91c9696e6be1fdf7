import { useEffect, useState } from 'react'
import { Icon, type IconName } from './Icon'

type Props = { label: string; text: () => string; icon?: IconName; className?: string }

export function CopyButton({ label, text, icon = 'copy', className = '' }: Props) {
  const [outcome, setOutcome] = useState<'copied' | 'refused'>()
  useEffect(() => {
    if (!outcome) return
    const timer = setTimeout(() => setOutcome(undefined), 2000)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = () =>
    // Without HTTPS a browser offers no clipboard at all.
    Promise.resolve(navigator.clipboard?.writeText(text()) ?? Promise.reject(new Error('no clipboard'))).then(
      () => setOutcome('copied'),
      () => setOutcome('refused'),
    )
  return (
    <button type="button" className={`button ${className}`} onClick={() => void copy()}>
      <Icon name={outcome === 'copied' ? 'check' : icon} />
      <span aria-live="polite">
        {outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'The browser did not allow it' : label}
      </span>
    </button>
  )
}
