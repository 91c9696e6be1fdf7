import { useId, useState, type ReactNode } from 'react'
import { ErrorNote } from '../../ui/notes'

type AskField = { name: 'text' | 'reason'; label: string; rows: number; hint: string; isRequired?: boolean }
type Answers = { text?: string; reason?: string }

type Props = {
  intro?: ReactNode
  fields: readonly AskField[]
  submit: string
  submitting: string
  isDangerous?: boolean
  asking: { isPending: boolean; error: Error | null }
  onSubmit: (answers: Answers) => void
  onCancel?: () => void
}

/** The server takes no more. */
const longest = 2000

/** Some texts, and a button that asks for something. */
export function AskForm({ intro, fields, submit, submitting, isDangerous, asking, onSubmit, onCancel }: Props) {
  const [texts, setTexts] = useState<Answers>({})
  const isComplete = fields.every(({ name, isRequired }) => !isRequired || texts[name]?.trim())
  return (
    <form
      className="ask-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isComplete) return
        onSubmit({ text: texts.text?.trim() || undefined, reason: texts.reason?.trim() || undefined })
      }}
    >
      {intro}
      {fields.map((field, index) => (
        <AskText
          key={field.name}
          field={field}
          isFirst={index === 0}
          text={texts[field.name] ?? ''}
          onText={(text) => setTexts({ ...texts, [field.name]: text })}
        />
      ))}
      {asking.error && <ErrorNote error={asking.error} />}
      <div className="ask-actions">
        <button
          type="submit"
          className={`button ${isDangerous ? 'button-danger' : 'button-primary'}`}
          disabled={asking.isPending || !isComplete}
        >
          {asking.isPending ? submitting : submit}
        </button>
        {onCancel && (
          <button type="button" className="button" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  )
}

type TextProps = { field: AskField; isFirst: boolean; text: string; onText: (text: string) => void }

function AskText({ field: { label, rows, hint, isRequired }, isFirst, text, onText }: TextProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className="input"
        rows={rows}
        maxLength={longest}
        required={isRequired}
        autoFocus={isFirst}
        aria-describedby={`${id}-hint`}
        value={text}
        onChange={({ target }) => onText(target.value)}
      />
      <small id={`${id}-hint`}>{hint}</small>
    </div>
  )
}
