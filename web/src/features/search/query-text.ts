/**
 * The text of a search as a list of terms, as far as adding and taking away `field:value` needs it. The server alone
 * understands the language (`docs/search.md`); here a text that it refuses still has terms.
 */
export type Term = {
  /** As it is written. */
  text: string
  start: number
  end: number
  /** Of a single `field:value` that is not negated. */
  field?: string
  value?: string
}

/** The terms at the top of a text: what stands in parentheses or quotes is one. Positions are of UTF-16. */
export function termsOf(text: string): Term[] {
  const terms: Term[] = []
  let at = 0
  while (at < text.length) {
    if (isBlank(text[at])) {
      at += 1
      continue
    }
    const start = at
    at = endOfTerm(text, start)
    const written = text.slice(start, at)
    terms.push({ text: written, start, end: at, ...fieldOf(written) })
  }
  return terms
}

export function hasValue(text: string, field: string, value: string): boolean {
  return termsOf(text).some((term) => isOf(term, field, value))
}

/** The values of a field that the text asks for. */
export function valuesOf(text: string, field: string): string[] {
  return termsOf(text).flatMap((term) => (term.field === field && term.value !== undefined ? [term.value] : []))
}

/** Adds `field:value`, or takes it away where it stands. */
export function toggleValue(text: string, field: string, value: string): string {
  const terms = termsOf(text)
  if (!terms.some((term) => isOf(term, field, value))) return withTerm(text, terms, `${field}:${quote(value)}`)
  const left = terms.filter((term) => !isOf(term, field, value)).map((term) => term.text)
  while (left[0] === 'AND') left.shift()
  while (left.at(-1) === 'AND') left.pop()
  return left.filter((term, index) => term !== 'AND' || left[index - 1] !== 'AND').join(' ')
}

/** A value as the language wants it written. It has no way to write a quotation mark. */
export function quote(value: string): string {
  return value !== '' && !/[\s()"*]/.test(value) ? value : `"${value.replaceAll('"', ' ')}"`
}

function withTerm(text: string, terms: readonly Term[], added: string): string {
  const before = text.trim()
  if (before === '') return added
  // `a OR b user:x` would ask for x beside b alone.
  return terms.some((term) => term.text === 'OR') ? `(${before}) ${added}` : `${before} ${added}`
}

const isOf = (term: Term, field: string, value: string) =>
  term.field === field && term.value?.toLowerCase() === value.replaceAll('"', ' ').toLowerCase()

const isBlank = (char: string | undefined) => char !== undefined && /\s/.test(char)

function endOfTerm(text: string, start: number): number {
  let depth = 0
  let quoted = false
  for (let at = start; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"') quoted = !quoted
    else if (quoted) continue
    else if (char === '(') depth += 1
    else if (char === ')') depth = Math.max(0, depth - 1)
    else if (depth === 0 && isBlank(char)) return at
  }
  return text.length
}

function fieldOf(written: string): { field: string; value: string } | undefined {
  const found = /^([a-z]+):(?:"([^"]*)"|([^\s()"*]+))$/i.exec(written)
  return found?.[1] ? { field: found[1].toLowerCase(), value: found[2] ?? found[3] ?? '' } : undefined
}
