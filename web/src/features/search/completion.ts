import type { SuggestQuery } from '../../gql/graphql'

export type Suggestion = SuggestQuery['suggest'][number]
/** What the server suggested, and behind which text. */
export type Suggested = { before: string; suggestions: readonly Suggestion[] }
/** A text, and where the cursor stands in it, in UTF-16. */
export type Place = { text: string; cursor: number }

/** The server counts Unicode characters, a field counts UTF-16. */
export const charsIn = (text: string) => Array.from(text).length
const unitsOf = (text: string, chars: number) => Array.from(text).slice(0, chars).join('').length

/**
 * What of the suggestions still fits what has been typed since: the list neither flickers nor offers what is over while
 * the server is asked again.
 */
export function fittingSuggestions({ before, suggestions }: Suggested, now: string): Suggestion[] {
  return suggestions.flatMap((suggestion) => {
    const at = unitsOf(before, suggestion.at)
    if (now.length < at || now.slice(0, at) !== before.slice(0, at)) return []
    const begun = now.slice(at)
    // Any field could come where nothing is begun, and what is there already is no help either.
    if (begun === '' || begun === suggestion.text) return []
    if (now !== before && !fits(begun, suggestion)) return []
    return [{ ...suggestion, length: charsIn(begun) }]
  })
}

function fits(begun: string, { kind, text, value, field }: Suggestion): boolean {
  const typed = begun.toLowerCase()
  return kind === 'FIELD' || typed.endsWith('"')
    ? text.toLowerCase().startsWith(typed)
    : [text, `${field}:${value}`, `${field}:"${value}`].some((way) => way.toLowerCase().startsWith(typed))
}

/** Puts a suggestion in. Behind a value there is a blank, so that one can type on. */
export function complete({ text, cursor }: Place, suggestion: Suggestion): Place {
  const start = unitsOf(text, suggestion.at)
  const behind = text.slice(Math.max(cursor, start))
  const blank = suggestion.kind === 'VALUE' && !/^[\s)]/.test(behind) ? ' ' : ''
  const written = suggestion.text + blank
  return { text: text.slice(0, start) + written + behind, cursor: start + written.length }
}

/** The text in three parts: before what is wrong, what is wrong, and behind it. */
export function pointAt(text: string, { at, length }: { at: number; length: number }): [string, string, string] {
  const chars = Array.from(text)
  const part = (from: number, to?: number) => chars.slice(from, to).join('')
  return [part(0, at), part(at, at + length), part(at + length)]
}
