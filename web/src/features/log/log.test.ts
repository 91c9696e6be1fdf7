import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { indentLeaf } from './leaf'
import { isIncluded } from './merkle'
import { windowBefore } from './positions'

const hash = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const leafOf = (index: number) => `{"position":"${index}"}`
const leafHash = (index: number) => hash(Buffer.from([0]), Buffer.from(leafOf(index)))

/** RFC 6962, 2.1, as it is written there. */
function root(from: number, end: number): Buffer {
  if (end - from === 1) return leafHash(from)
  const split = splitOf(end - from)
  return hash(Buffer.from([1]), root(from, from + split), root(from + split, end))
}

function proof(index: number, from: number, end: number): Buffer[] {
  if (end - from === 1) return []
  const middle = from + splitOf(end - from)
  return index < middle
    ? [...proof(index, from, middle), root(middle, end)]
    : [...proof(index, middle, end), root(from, middle)]
}

function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

test('every leaf of all trees up to 20 leaves is proved, and with any part changed it is not', async () => {
  for (let size = 1; size <= 20; size++) {
    const tree = { size: String(size), rootHash: root(0, size).toString('base64') }
    for (let index = 0; index < size; index++) {
      const hashes = proof(index, 0, size).map((sibling) => sibling.toString('base64'))
      const check = (leaf: string, at: number, siblings: string[]) => isIncluded(leaf, String(at), tree, siblings)
      expect(await check(leafOf(index), index, hashes), `${index} of ${size}`).toBe(true)
      expect(await check(`${leafOf(index)} `, index, hashes)).toBe(false)
      expect(await check(leafOf(index), index + size, hashes)).toBe(false)
      expect(await check(leafOf(index), index, [...hashes, tree.rootHash])).toBe(false)
      for (const cut of hashes.keys()) expect(await check(leafOf(index), index, hashes.toSpliced(cut, 1))).toBe(false)
    }
  }
})

test('windows of the log', () => {
  const cases: [string | undefined, string, ReturnType<typeof windowBefore>][] = [
    [undefined, '0', { after: null, first: 0, older: undefined, newer: undefined }],
    [undefined, '30', { after: null, first: 30, older: undefined, newer: undefined }],
    [undefined, '130', { after: '79', first: 50, older: '80', newer: undefined }],
    ['80', '130', { after: '29', first: 50, older: '30', newer: 'latest' }],
    ['30', '130', { after: null, first: 30, older: undefined, newer: '80' }],
    ['999', '130', { after: '79', first: 50, older: '80', newer: undefined }],
    [undefined, '9007199254740993', { after: '9007199254740942', first: 50, older: '9007199254740943', newer: undefined }],
  ]
  for (const [before, size, want] of cases) expect(windowBefore(before, size), `${before} of ${size}`).toEqual(want)
})

test('a leaf is laid out; what is not JSON is left as it is', () => {
  expect(indentLeaf('{"a":1}')).toBe('{\n  "a": 1\n}')
  expect(indentLeaf('plain')).toBe('plain')
})
