import type { Moment } from '../timeline/pages'

/** A command and what was seen after it; before the first command, what was seen until then. */
export type Block = { readonly key: string; readonly command: Moment | undefined; readonly lines: readonly Moment[] }

/** Longer outputs are cut into several: only those near the view are laid out. */
const linesMax = 200

/** The lines of a session below the commands that they belong to. The line in which a command was typed is its heading. */
export function blocksOf(moments: readonly Moment[]): Block[] {
  const blocks: { key: string; command: Moment | undefined; lines: Moment[] }[] = []
  for (const moment of moments) {
    const open = blocks.at(-1)
    if (moment.kind === 'COMMAND') {
      const typedIn = open?.lines.at(-1)
      if (open && typedIn && isEchoOf(typedIn, moment)) open.lines.pop()
      blocks.push({ key: moment.id, command: moment, lines: [] })
    } else if (!open || open.lines.length >= linesMax) {
      blocks.push({ key: moment.id, command: undefined, lines: [moment] })
    } else {
      open.lines.push(moment)
    }
  }
  return blocks.filter(({ command, lines }) => command || lines.length > 0)
}

/** Whether a line is the prompt with a command behind it. */
function isEchoOf(line: Moment, command: Moment): boolean {
  const first = command.text.split('\n', 1)[0] ?? ''
  return first !== '' && line.text.trimEnd().endsWith(first)
}
