import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { FindSearch } from '../../lib/paths'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/fields'
import { Icon } from '../../ui/Icon'
import { useSavedSearches } from './saved-searches'

/** The searches kept in this browser, each with a way to remove it. */
export function SavedList({ onOpen }: { onOpen?: () => void }) {
  const { saved, remove } = useSavedSearches()
  return (
    <ul className="saved-list">
      {saved.map(({ name, search }) => (
        <li key={name}>
          <Link to="/" search={search} className="saved-link" onClick={onOpen}>
            <span>{name}</span>
            {search.q !== name && <code>{search.q}</code>}
          </Link>
          <button
            type="button"
            className="button button-quiet button-icon"
            aria-label={`Remove the saved search ${name}`}
            onClick={() => remove(name)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  )
}

/** On the first page; nothing while there are none. */
export function SavedSection() {
  const { saved } = useSavedSearches()
  if (saved.length === 0) return null
  return (
    <section aria-labelledby="saved-title" className="hints">
      <h2 id="saved-title">Saved searches</h2>
      <SavedList />
    </section>
  )
}

export function SaveButton({ search }: { search: FindSearch }) {
  const [isOpen, setOpen] = useState(false)
  const { saved } = useSavedSearches()
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        {saved.length > 0 ? `Saved (${saved.length})` : 'Save'}
      </button>
      <Dialog title="Saved searches" open={isOpen} onClose={() => setOpen(false)}>
        {isOpen && <SaveForm search={search} />}
        <SavedList onOpen={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function SaveForm({ search }: { search: FindSearch }) {
  const { save } = useSavedSearches()
  const [name, setName] = useState(search.q?.trim() ?? '')
  return (
    <form
      className="save-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (name.trim()) save({ name: name.trim(), search })
      }}
    >
      <Field label="Name of this search">
        <input className="input" maxLength={100} value={name} onChange={({ target }) => setName(target.value)} />
      </Field>
      <button type="submit" className="button button-primary">
        Save this search
      </button>
      <p className="save-note">Saved searches stay in this browser.</p>
    </form>
  )
}
