import { useEffect, useRef } from 'react'
import { isForField } from '../../lib/keyboard'
import { useDraft } from '../../lib/use-draft'
import { Icon } from '../../ui/Icon'

type Props = { value: string; onSearch: (text: string) => void }

export function SearchBox({ value, onSearch }: Props) {
  const { text, setText, commit } = useDraft(value, onSearch)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const focusOnSlash = (event: KeyboardEvent) => {
      if (event.key !== '/' || isForField(event)) return
      event.preventDefault()
      input.current?.focus()
      input.current?.select()
    }
    window.addEventListener('keydown', focusOnSlash)
    return () => window.removeEventListener('keydown', focusOnSlash)
  }, [])
  return (
    <form
      role="search"
      className="search-box"
      onSubmit={(event) => {
        event.preventDefault()
        commit()
      }}
    >
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        data-search-box=""
        aria-label="Search all sessions"
        placeholder="Search what was typed, run and seen"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  )
}
