import { useState } from 'react'
import { formatOffset, parseOffset } from '../lib/time'
import { Field } from './fields'

export type Stretch = { fromMs: number; toMs: number }

type Props = {
  initial: Stretch
  durationMs: number
  /** Undefined while what is written is no stretch of the session. */
  onChange: (stretch: Stretch | undefined) => void
}

/** A part of a session, from a time to another, as they are written everywhere: `1:02.500`. */
export function StretchFields({ initial, durationMs, onChange }: Props) {
  const [from, setFrom] = useState(formatOffset(initial.fromMs))
  const [to, setTo] = useState(formatOffset(initial.toMs))
  const change = (nextFrom: string, nextTo: string) => {
    setFrom(nextFrom)
    setTo(nextTo)
    onChange(stretchOf(nextFrom, nextTo, durationMs))
  }
  return (
    <div className="stretch-fields">
      <Field label="From">
        <input
          className="input numeric"
          value={from}
          aria-invalid={parseOffset(from) === undefined}
          onChange={({ target }) => change(target.value, to)}
        />
      </Field>
      <Field label="To">
        <input
          className="input numeric"
          value={to}
          aria-invalid={parseOffset(to) === undefined}
          onChange={({ target }) => change(from, target.value)}
        />
      </Field>
    </div>
  )
}

/** The part that two texts name, within a session. */
export function stretchOf(from: string, to: string, durationMs: number): Stretch | undefined {
  const [fromMs, end] = [parseOffset(from), parseOffset(to)]
  if (fromMs === undefined || end === undefined) return undefined
  const toMs = Math.min(end, durationMs)
  return fromMs < toMs ? { fromMs, toMs } : undefined
}
