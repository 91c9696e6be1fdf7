/**
 * A table as RFC 4180 wants it. Cells come from recordings: what a spreadsheet would take for a formula gets an
 * apostrophe before it, so that it stays text.
 */
export function toCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('')
}

export function csvCell(text: string): string {
  const harmless = /^[\s\0]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
