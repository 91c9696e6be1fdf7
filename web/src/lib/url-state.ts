/**
 * Readers for search params. A URL is typed and pasted by people: what makes no sense is dropped, never an error.
 */
export type RawSearch = Record<string, unknown>

export function textParam(value: unknown): string | undefined {
  // The router parses `?q=8820` as a number; to a search it is a word like any other.
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function choiceParam<T extends string>(value: unknown, choices: readonly T[]): T | undefined {
  return choices.find((choice) => choice === value)
}

export function choicesParam<T extends string>(value: unknown, choices: readonly T[]): T[] | undefined {
  const given = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
  const known = choices.filter((choice) => given.includes(choice))
  return known.length > 0 ? known : undefined
}

export function offsetParam(value: unknown): number | undefined {
  const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof n === 'number' && Number.isFinite(n) && n >= 0 ? Math.floor(n) : undefined
}

export function positionParam(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d{1,20}$/.test(text) ? text : undefined
}

/** Search params as plain text: the router's own format would put JSON quotes around `?q=8820`. */
export function parseSearch(search: string): RawSearch {
  return Object.fromEntries(new URLSearchParams(search))
}

export function stringifySearch(search: RawSearch): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === '') continue
    params.set(key, Array.isArray(value) ? value.join(',') : String(value))
  }
  const text = params.toString().replaceAll('%2C', ',')
  return text ? `?${text}` : ''
}
