import { memo } from 'react'
import type { Mark, Span } from './marks'
import { percent } from './timeline'

/** Comments, markers, messages and large changes, each where it is on the bar. Pointing at one tells it. */
export const SeekMarks = memo(function SeekMarks({ marks, durationMs }: { marks: readonly Mark[]; durationMs: number }) {
  return (
    <div className="seek-marks" aria-hidden="true">
      {marks.map(({ kind, atMs, label }) => (
        <span
          key={`${kind} ${atMs} ${label}`}
          className={`seek-mark seek-${kind}`}
          data-at-ms={atMs}
          style={{ left: percent(atMs, durationMs) }}
        />
      ))}
    </div>
  )
})

/** What is hidden, and where footage is missing. */
export const SeekSpans = memo(function SeekSpans({ spans, durationMs }: { spans: readonly Span[]; durationMs: number }) {
  return spans.map(({ kind, fromMs, toMs }) => (
    <span
      key={`${kind} ${fromMs} ${toMs}`}
      className={`seek-span seek-span-${kind}`}
      style={{ left: percent(fromMs, durationMs), width: percent(toMs - fromMs, durationMs) }}
    />
  ))
})
