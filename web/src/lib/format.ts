const units = ['B', 'kB', 'MB', 'GB', 'TB']

export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}

export function formatCount(n: number | string): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`
}

type Named = { id: string; title?: string | null; command?: string | null; recording?: { name: string } | null }

/** What to call a session: recorders rarely give a title, and the file it came from is the next best name. */
export function sessionName(session: Named): string {
  return session.title || session.recording?.name.split('/').pop() || session.command || session.id
}
