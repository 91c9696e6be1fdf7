import type { RanReport } from './use-reports'

export type Bar = RanReport['charts'][number]['bars'][number]
export type Period = 'day' | 'month' | 'year'

/** More columns would be too thin to be told apart. */
const columnsMax = 62
const periods: readonly [Period, RegExp][] = [
  ['day', /^\d{4}-\d{2}-\d{2}$/],
  ['month', /^\d{4}-\d{2}$/],
  ['year', /^\d{4}$/],
]

/** What the bars of a chart are of, where they are parts of time. */
export function periodOf(bars: readonly Bar[]): Period | undefined {
  return periods.find(([, form]) => bars.length > 0 && bars.every(({ of }) => form.test(of)))?.[0]
}

/** The same with the periods in which there was nothing, so that as much time is as wide everywhere; unless there are too many. */
export function withoutHoles(bars: readonly Bar[], period: Period): readonly Bar[] {
  const counts = new Map(bars.map(({ of, count }) => [of, count]))
  const filled = bars.slice(0, 1)
  for (let of = periodAfter(bars[0]?.of ?? '', period); filled.at(-1)?.of !== bars.at(-1)?.of; of = periodAfter(of, period)) {
    if (filled.length >= columnsMax) return bars
    filled.push({ of, count: counts.get(of) ?? 0 })
  }
  return filled
}

function periodAfter(of: string, period: Period): string {
  const [year = 0, month = 1, day = 1] = of.split('-').map(Number)
  const after = {
    day: Date.UTC(year, month - 1, day + 1),
    month: Date.UTC(year, month, 1),
    year: Date.UTC(year + 1, 0, 1),
  }[period]
  return new Date(after).toISOString().slice(0, of.length)
}

/** The numbers of an axis from 0 on, at most five, of which the last is not less than any that is shown. */
export function ticksFor(most: number): readonly number[] {
  const rough = Math.max(1, most) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough)
  const whole = Number.isInteger(step) ? step : Math.ceil(step)
  return Array.from({ length: Math.ceil(Math.max(1, most) / whole) + 1 }, (_, tick) => tick * whole)
}

/** Every so many names of columns fit below them. */
export const namedEach = (columns: number): number => Math.ceil(columns / 8)
