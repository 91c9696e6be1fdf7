type Run = { text: string; match: boolean }

/** Cuts a text where the words wanted occur in it, whatever their case. */
export function runsOf(text: string, words: string): Run[] {
  const wanted = words.trim().toLowerCase()
  const lower = text.toLowerCase()
  // Lower case of a few letters is longer than they are; then places in one text are not places in the other.
  if (wanted === '' || lower.length !== text.length) return [{ text, match: false }]
  const runs: Run[] = []
  let from = 0
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    if (at > from) runs.push({ text: text.slice(from, at), match: false })
    from = at + wanted.length
    runs.push({ text: text.slice(at, from), match: true })
  }
  if (from < text.length) runs.push({ text: text.slice(from), match: false })
  return runs
}
