import { toCsv } from '../../lib/csv'
import { activityColumn, nameColumn, titleInFile, type Column } from './columns'
import type { SessionRow } from './use-sessions'

/** The columns that are shown, behind the id and the name. Activity is a picture, and left out. */
export function sessionsCsv(sessions: readonly SessionRow[], shown: readonly Column[]): string {
  const written = [nameColumn, ...shown.filter((column) => column !== activityColumn)]
  return toCsv([
    ['Id', ...written.map(titleInFile)],
    ...sessions.map((session) => [session.id, ...written.map(({ text }) => plain(text(session)))]),
  ])
}

/** Programs that read the file know no narrow spaces in numbers. */
const plain = (text: string) => text.replaceAll('\u202f', '')
