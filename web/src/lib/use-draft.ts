import { useEffect, useRef, useState } from 'react'

type Draft = { text: string; setText: (text: string) => void; commit: () => void }

/**
 * Text being typed for a value that lives in the URL. Typing is shown at once and committed when it stands still;
 * a URL changed from elsewhere (back, a link) replaces what was typed.
 */
export function useDraft(value: string, onCommit: (text: string) => void, delayMs = 200): Draft {
  const [text, setText] = useState(value)
  const [seenValue, setSeenValue] = useState(value)
  const committed = useRef(value)
  const latestCommit = useRef(onCommit)
  useEffect(() => {
    latestCommit.current = onCommit
  })
  if (value !== seenValue) {
    setSeenValue(value)
    // The answer to an own commit must not undo letters typed since.
    if (value !== committed.current) setText(value)
  }
  useEffect(() => {
    committed.current = value
  }, [value])

  const commit = () => {
    if (text === committed.current) return
    committed.current = text
    latestCommit.current(text)
  }
  const commitLatest = useRef(commit)
  useEffect(() => {
    commitLatest.current = commit
  })
  useEffect(() => {
    const timer = setTimeout(() => commitLatest.current(), delayMs)
    return () => clearTimeout(timer)
  }, [text, delayMs])
  return { text, setText, commit }
}
