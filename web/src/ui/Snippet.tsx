type Run = { text: string; match: boolean }

/** A piece of recorded text with what matched marked. It is only ever text: React escapes every run. */
export function Snippet({ runs }: { runs: readonly Run[] }) {
  return (
    <code className="snippet">
      {runs.map((run, index) => (run.match ? <mark key={index}>{run.text}</mark> : <span key={index}>{run.text}</span>))}
    </code>
  )
}
