import { Link } from '@tanstack/react-router'

const examples = ['sudo', '"git commit"', 'kind:command apt*', 'shadow -kind:screen', 'exit:>0']

export function SearchHints() {
  return (
    <section className="hints" aria-labelledby="hints-title">
      <h2 id="hints-title">What you can find</h2>
      <dl>
        <div>
          <dt className="kind-command">Commands</dt>
          <dd>as the screen showed them when they were sent off, also those recalled or corrected</dd>
        </div>
        <div>
          <dt className="kind-keys">Keys</dt>
          <dd>what was typed, also where nothing was echoed, if the recording holds input</dd>
        </div>
        <div>
          <dt className="kind-screen">Screen</dt>
          <dd>every line that stood on the screen, inside editors and pagers too</dd>
        </div>
        <div>
          <dt className="kind-marker">Markers, files, messages</dt>
          <dd>notes set while recording, names of files transferred, what was copied or sent</dd>
        </div>
      </dl>
      <p className="examples">
        Try{' '}
        {examples.map((q) => (
          <Link key={q} to="/" search={{ q }}>
            <code>{q}</code>
          </Link>
        ))}
      </p>
      <p className="hint-keys">
        <kbd>/</kbd> to search from anywhere · <kbd>↑</kbd> <kbd>↓</kbd> through the results · <kbd>Enter</kbd> to open
      </p>
    </section>
  )
}
