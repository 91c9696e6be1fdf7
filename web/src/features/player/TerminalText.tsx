type Props = { lines: readonly string[]; widthEm: number; heightEm: number }

/** A screen as plain text, in the size in which the player is going to draw it. */
export function TerminalText({ lines, widthEm, heightEm }: Props) {
  return (
    <pre
      className="stage-text"
      aria-hidden="true"
      style={{
        width: `${widthEm}em`,
        height: `${heightEm}em`,
        fontSize: `min(calc(100cqw / ${widthEm}), calc(100cqh / ${heightEm}))`,
      }}
    >
      {lines.join('\n')}
    </pre>
  )
}
