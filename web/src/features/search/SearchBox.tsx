import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react'
import { isForField } from '../../lib/keyboard'
import { useDraft } from '../../lib/use-draft'
import { Icon } from '../../ui/Icon'
import type { Place } from './completion'
import { optionId, Suggestions } from './Suggestions'
import { useCompletion } from './use-completion'

type Props = { value: string; errorId: string | undefined; onSearch: (text: string) => void }

/** The box searches while one types; `/` leads to it from anywhere on the page. */
export function SearchBox({ value, errorId, onSearch }: Props) {
  const { text, setText, commit } = useDraft(value, onSearch)
  const [placed, setPlaced] = useState<Place>()
  const input = useRef<HTMLInputElement>(null)
  const listId = useId()
  const completion = useCompletion((place) => {
    setText(place.text)
    setPlaced(place)
  })
  const { options, active } = completion
  const isOpen = options.length > 0
  useFocusOnSlash(input)
  useLayoutEffect(() => {
    if (placed) input.current?.setSelectionRange(placed.cursor, placed.cursor)
  }, [placed])

  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen) return
    const isChosen = active >= 0 && (event.key === 'Enter' || event.key === 'Tab')
    if (isChosen) completion.choose(options[active])
    else if (event.key === 'ArrowDown') completion.move(1)
    else if (event.key === 'ArrowUp') completion.move(-1)
    else if (event.key === 'Escape') completion.close()
    else return
    event.preventDefault()
  }
  return (
    <form
      role="search"
      className="search-box"
      onSubmit={(event) => {
        event.preventDefault()
        completion.close()
        commit()
      }}
    >
      <Icon name="search" />
      <input
        ref={input}
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? optionId(listId, active) : undefined}
        aria-invalid={errorId !== undefined}
        aria-describedby={errorId}
        data-search-box=""
        aria-label="Search all sessions"
        placeholder="Search what was typed, run and seen"
        enterKeyHint="search"
        autoFocus
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={({ target }) => {
          setText(target.value)
          completion.type({ text: target.value, cursor: target.selectionStart ?? target.value.length })
        }}
        onKeyDown={onKeyDown}
        onBlur={completion.close}
      />
      {text === '' ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label="Clear the search"
          onClick={() => {
            setText('')
            completion.close()
            input.current?.focus()
          }}
        >
          <Icon name="close" />
        </button>
      )}
      <Suggestions id={listId} options={options} active={active} onChoose={completion.choose} />
    </form>
  )
}

function useFocusOnSlash(input: React.RefObject<HTMLInputElement | null>) {
  useEffect(() => {
    const focusOnSlash = (event: globalThis.KeyboardEvent) => {
      if (event.key !== '/' || isForField(event)) return
      event.preventDefault()
      input.current?.focus()
      input.current?.select()
    }
    window.addEventListener('keydown', focusOnSlash)
    return () => window.removeEventListener('keydown', focusOnSlash)
  }, [input])
}
