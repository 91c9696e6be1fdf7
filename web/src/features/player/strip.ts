/**
 * An SVG path of bars over `[0, values.length)`, growing from `baseline` by up to `height` (negative: upwards).
 * Square root, because a full screen of output is thousands of bytes and an echoed key is one: both must be seen.
 */
export function barsPath(values: readonly number[], max: number, baseline: number, height: number): string {
  if (max <= 0) return ''
  return values
    .map((value, index) => {
      if (value <= 0) return ''
      const reach = Math.sqrt(value / max) * height
      const visible = Math.abs(reach) < 1.5 ? Math.sign(height) * 1.5 : reach
      return `M${index} ${baseline}h1v${round(visible)}h-1z`
    })
    .join('')
}

const round = (n: number) => Math.round(n * 100) / 100
