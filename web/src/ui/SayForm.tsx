import { useState, type ReactNode } from 'react'
import { Field } from './fields'
import { ErrorNote } from './notes'

type Props = {
  label: string
  button: string
  isRequired?: boolean
  /** Whether something beside the text stands in the way. */
  isBlocked?: boolean
  rows?: number
  isPending: boolean
  error: Error | null
  children?: ReactNode
  onSay: (text: string | undefined) => void
}

/** A text that somebody gives: a comment, a reason. */
export function SayForm({ label, button, isRequired, isBlocked, rows = 3, isPending, error, children, onSay }: Props) {
  const [text, setText] = useState('')
  const said = text.trim() || undefined
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        onSay(said)
      }}
    >
      {children}
      <Field label={label}>
        <textarea
          className="input"
          rows={rows}
          maxLength={2000}
          required={isRequired}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit()
          }}
        />
      </Field>
      {error && <ErrorNote error={error} />}
      <button
        type="submit"
        className="button button-primary"
        disabled={isPending || isBlocked || (isRequired && said === undefined)}
      >
        {button}
      </button>
    </form>
  )
}
