import { useState } from 'react'
import { plural } from '../../lib/format'
import { Field } from '../../ui/fields'
import { ErrorNote } from '../../ui/notes'
import { useRightsOf } from './use-access'
import { namesOf, rightNames, roleNames, scopeText } from './words'

type Asked = { user: string; groups: string[] }

/** What a person may see and do: asked of the server, which knows how their grants add up. */
export function RightsOf() {
  const [user, setUser] = useState('')
  const [groups, setGroups] = useState('')
  const [asked, setAsked] = useState<Asked>({ user: '', groups: [] })
  return (
    <section aria-labelledby="rights-of">
      <div className="section-head">
        <h2 id="rights-of">What may somebody see?</h2>
      </div>
      <div className="panel rights-of">
        <form
          className="rights-of-form"
          onSubmit={(event) => {
            event.preventDefault()
            setAsked({ user: user.trim(), groups: namesOf(groups) })
          }}
        >
          <Field label="User">
            <input
              className="input"
              required
              autoComplete="off"
              spellCheck={false}
              value={user}
              onChange={({ target }) => setUser(target.value)}
            />
          </Field>
          <Field label="Their groups, divided by commas">
            <input
              className="input"
              placeholder="None"
              autoComplete="off"
              spellCheck={false}
              value={groups}
              onChange={({ target }) => setGroups(target.value)}
            />
          </Field>
          <button type="submit" className="button">
            Show
          </button>
        </form>
        <div role="status" className="rights-of-answer">
          <Answer asked={asked} />
        </div>
      </div>
    </section>
  )
}

function Answer({ asked: { user, groups } }: { asked: Asked }) {
  const { data, error } = useRightsOf(user, groups)
  if (error) return <ErrorNote error={error} />
  if (!data) return null
  if (data.grants.length === 0) {
    return (
      <p>
        <strong>{user}</strong> sees nothing: nothing is granted to them{groups.length > 0 && ' or these groups'}.
      </p>
    )
  }
  return (
    <>
      <p>
        <strong>{user}</strong> sees {plural(data.sessions, 'session')}, and may{' '}
        {data.rights.map((right) => rightNames[right]).join('; ')}, by:
      </p>
      <ul>
        {data.grants.map(({ role, scope }, index) => (
          <li key={index}>
            {roleNames[role]}: {scopeText(scope)}
          </li>
        ))}
      </ul>
    </>
  )
}
