import { expect, test } from 'vitest'
import { rateOf, rateText, withSample, type Sample } from './rate'

const sample = (second: number, size: number): Sample => ({ atMs: second * 1000, size: BigInt(size) })

test('the rate is what the log grew by over the last minute', () => {
  let samples: readonly Sample[] = []
  expect(rateOf(samples)).toBeUndefined()
  for (const [second, size] of [[0, 100], [3, 100], [6, 160]] as const) {
    samples = withSample(samples, sample(second, size))
  }
  expect(rateOf(samples)).toBe(10)
  samples = withSample(samples, sample(64, 160))
  expect(samples[0]).toEqual(sample(6, 160))
  expect(rateOf(samples)).toBe(0)
})

test('the same answer twice is one sample', () => {
  const samples = withSample([], sample(1, 5))
  expect(withSample(samples, sample(1, 5))).toBe(samples)
})

test('small rates are exact', () => {
  expect([undefined, 0, 0.26, 9.94, 123.4].map(rateText)).toEqual(['…', '0.0', '0.3', '9.9', '123'])
})
