import { useEffect, useEffectEvent, useState } from 'react'

type Draft = { text: string; setText: (text: string) => void; commit: () => void }

/**
 * Text being typed for a value that lives in the URL. Typing is shown at once and committed when it stands still;
 * a URL changed from elsewhere (back, a link) replaces what was typed.
 */
export function useDraft(value: string, onCommit: (text: string) => void, delayMs = 200): Draft {
  const [text, setText] = useState(value)
  const [seen, setSeen] = useState(value)
  const [sent, setSent] = useState<string>()
  if (value !== seen) {
    setSeen(value)
    setSent(undefined)
    // The answer to an own commit must not undo letters typed since.
    if (value !== sent) setText(value)
  }

  const commitText = (settled: string) => {
    if (settled === value || settled === sent) return
    setSent(settled)
    onCommit(settled)
  }
  const onSettled = useEffectEvent(commitText)
  useEffect(() => {
    const timer = setTimeout(() => onSettled(text), delayMs)
    return () => clearTimeout(timer)
  }, [text, delayMs])
  return { text, setText, commit: () => commitText(text) }
}
