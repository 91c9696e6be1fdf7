/* oxlint-disable no-await-in-loop -- Trees are small, and one after the other is easier to read. */
import { describe, expect, it } from 'vitest'
import { isConsistent, leafHash, nodeHash, toBase64 } from '../log/merkle'
import { checkSignature, readCheckpoint, readVerifierKey } from './checkpoint'
import { coverageOf, percentText } from './coverage'
import { linesOf, readLine } from './lines'
import { otherLines, parseProof, rootOf, type Proof } from './multiproof'

const text = new TextEncoder()
const leaves = (size: number) => Promise.all(Array.from({ length: size }, (_, n) => leafHash(text.encode(`leaf ${n}`))))

/** RFC 6962, 2.1: straight from the definition. */
async function root(hashes: readonly Uint8Array[]): Promise<Uint8Array> {
  if (hashes.length === 1) return hashes[0] as Uint8Array
  const half = halfOf(hashes.length)
  return nodeHash(await root(hashes.slice(0, half)), await root(hashes.slice(half)))
}

const halfOf = (size: number) => 2 ** Math.floor(Math.log2(size - 1))

/** RFC 6962, 2.1.2. */
async function consistency(old: number, hashes: readonly Uint8Array[], isWhole = true): Promise<Uint8Array[]> {
  if (old === hashes.length) return isWhole ? [] : [await root(hashes)]
  const half = halfOf(hashes.length)
  if (old <= half) {
    return [...(await consistency(old, hashes.slice(0, half), isWhole)), await root(hashes.slice(half))]
  }
  return [...(await consistency(old - half, hashes.slice(half), false)), await root(hashes.slice(0, half))]
}

/** What `docs/verifying.md` says: the largest complete subtrees that fit, from left to right. */
async function proofFor(positions: readonly number[], hashes: readonly Uint8Array[]): Promise<Proof> {
  const found: Uint8Array[] = []
  let at = 0
  for (const end of [...positions, hashes.length]) {
    while (at < end) {
      let size = 1
      while (at % (2 * size) === 0 && at + 2 * size <= end) size *= 2
      found.push(await root(hashes.slice(at, at + size)))
      at += size
    }
    at = end + 1
  }
  const checkpoint = { origin: 'log', size: String(hashes.length), rootHash: toBase64(await root(hashes)) }
  const marks = positions.map((position) => (hashes[position] as Uint8Array).slice(0, 4))
  return { verifierKey: '', lines: positions.length, hashes: found, marks, note: '', checkpoint }
}

const leavesAt = (positions: readonly number[], hashes: readonly Uint8Array[]) =>
  positions.map((position) => ({ position: BigInt(position), hash: hashes[position] as Uint8Array }))
const nobody = () => undefined

describe('the proof of many lines', () => {
  it('leads to the root for any lines of any tree, and with anything changed it does not', async () => {
    for (const size of [1, 2, 3, 7, 8, 9, 20]) {
      const hashes = await leaves(size)
      const all = Array.from({ length: size }, (_, n) => n)
      for (const positions of [all, all.filter((n) => n % 3 === 0), all.slice(-1), all.slice(0, 1), all.slice(2, 5)]) {
        if (positions.length === 0) continue
        const proof = await proofFor(positions, hashes)
        const given = leavesAt(positions, hashes)
        expect(await rootOf(given, proof, nobody), `${positions.join()} of ${size}`).toBe(proof.checkpoint.rootHash)
        const other = given.with(0, { position: given[0]?.position ?? 0n, hash: new Uint8Array(32) })
        expect(await rootOf(other, proof, nobody)).not.toBe(proof.checkpoint.rootHash)
        expect(await rootOf(given.slice(1), proof, nobody)).not.toBe(proof.checkpoint.rootHash)
        expect(await rootOf(given, { ...proof, hashes: [...proof.hashes, new Uint8Array(32)] }, nobody)).toBeUndefined()
      }
    }
  })

  it('names the lines that are others by their marks', async () => {
    const hashes = await leaves(5)
    const proof = await proofFor([0, 1, 2, 3, 4], hashes)
    expect(otherLines(proof, hashes)).toEqual([])
    expect(otherLines(proof, hashes.with(3, new Uint8Array(32)))).toEqual([3])
  })

  it('is read as it is written, and nothing else is', () => {
    const hash = toBase64(new Uint8Array(32).fill(7))
    const note = `retrace/log\n12\n${hash}\n\n— retrace/log AAAA\n`
    const marks = toBase64(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]))
    const proof = parseProof(`retrace-proof@v1\nkey retrace/log+aa+AQ==\nlines 2\nhashes 1\n${hash}\nmarks\n${marks}\n\n${note}`)
    expect(proof).toMatchObject({ lines: 2, verifierKey: 'retrace/log+aa+AQ==', checkpoint: { size: '12', rootHash: hash } })
    expect(proof.hashes).toHaveLength(1)
    expect(proof.marks.map((mark) => [...mark])).toEqual([[1, 2, 3, 4], [5, 6, 7, 8]])
    for (const wrong of ['', 'retrace-proof@v2\n\nlog', `retrace-proof@v1\nkey k\nlines 1\nhashes 9\n${hash}\n\n${note}`]) {
      expect(() => parseProof(wrong)).toThrow(/./)
    }
  })
})

it('a tree is a continuation of each of its beginnings, and of nothing else', async () => {
  const hashes = await leaves(13)
  const tree = async (size: number) => ({ size: String(size), rootHash: toBase64(await root(hashes.slice(0, size))) })
  for (let now = 1; now <= 13; now += 1) {
    for (let old = 1; old <= now; old += 1) {
      const proof = (await consistency(old, hashes.slice(0, now))).map(toBase64)
      const [before, after] = [await tree(old), await tree(now)]
      expect(await isConsistent(before, after, proof), `${old} of ${now}`).toBe(true)
      const other = { ...before, rootHash: toBase64(new Uint8Array(32)) }
      expect(await isConsistent(other, after, proof), `another ${old} of ${now}`).toBe(false)
      expect(await isConsistent(after, before, proof), `${now} of ${old}`).toBe(old === now)
    }
  }
})

it('a checkpoint is signed by the key that has signed it, as it was signed', async () => {
  const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as CryptoKeyPair
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const key = `retrace/log+5c3f2a10+${toBase64(Uint8Array.from([1, ...raw]))}`
  const body = `retrace/log\n1234\n${toBase64(new Uint8Array(32))}\n`
  const signature = new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, pair.privateKey, text.encode(body)))
  const note = `${body}\n— retrace/log ${toBase64(Uint8Array.from([0x5c, 0x3f, 0x2a, 0x10, ...signature]))}\n`
  expect(await checkSignature(note, key)).toBe('signed')
  expect(await checkSignature(note.replace('1234', '1235'), key)).toBe('unsigned')
  expect(await checkSignature(body, key)).toBe('unsigned')
  expect(await checkSignature(note, `retrace/log+5c3f2a10+${toBase64(Uint8Array.from([1, ...raw.toReversed()]))}`)).not.toBe('signed')
  expect(readCheckpoint(note)).toMatchObject({ origin: 'retrace/log', size: '1234' })
  expect(readVerifierKey(key).publicKey).toEqual(raw)
  expect(() => readVerifierKey('retrace/log+5c3f2a10+AA==')).toThrow('this is no key of a log')
  expect(() => readCheckpoint('no checkpoint')).toThrow('this is no checkpoint of a log')
})

describe('lines', () => {
  it('are cut from a body however it comes', async () => {
    const bytes = text.encode('one\nzwölf\n\nlast')
    for (const size of [1, 2, 5, 100]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
          controller.close()
        },
      })
      const found: string[] = []
      for await (const line of linesOf(body)) found.push(new TextDecoder().decode(line))
      expect(found, `pieces of ${size}`).toEqual(['one', 'zwölf', '', 'last'])
    }
  })

  it('are hashed as they are, or say the hash of what is hidden', async () => {
    const line = '{"at":"2026-11-21T09:30:00Z","data":{"blob":"ab"},"position":7,"recordedAt":"x","salt":"s","stream":"session/1/a","type":"frames.captured","version":3}'
    const read = await readLine(text.encode(line))
    expect(read).toMatchObject({ position: '7', type: 'frames.captured', version: 3, redacted: false, blob: 'ab' })
    expect(read.hash).toEqual(await leafHash(text.encode(line)))
    const hash = toBase64(new Uint8Array(32).fill(9))
    const redacted = await readLine(text.encode(`{"at":"","data":{},"leafHash":"${hash}","position":8,"redacted":true,"stream":"s","type":"keys.typed","version":4}`))
    expect(redacted).toMatchObject({ redacted: true, position: '8' })
    expect(toBase64(redacted.hash)).toBe(hash)
    await expect(readLine(text.encode('{"position":"8"}'))).rejects.toThrow('this is no line of an export')
    await expect(readLine(text.encode('{"redacted":true,"leafHash":"AA==","position":8}'))).rejects.toThrow('this is no line of an export')
  })
})

describe('coverage', () => {
  const gap = (fromMs: number, toMs: number | null) => ({ fromMs, toMs, channel: null, reason: '', source: null })
  const cases = [
    ['all', [], ['recorded 0-1000'], '100 %'],
    ['a gap', [gap(100, 300)], ['recorded 0-100', 'gap 100-300', 'recorded 300-1000'], '80.0 %'],
    ['gaps that overlap', [gap(100, 300), gap(200, 400)], ['recorded 0-100', 'gap 100-400', 'recorded 400-1000'], '70.0 %'],
    ['worse from then on', [gap(600, null), gap(700, 800)], ['recorded 0-600', 'degraded 600-700', 'gap 700-800', 'degraded 800-1000'], '90.0 %'],
    ['times that cannot be', [gap(-50, 99_999)], ['gap 0-1000'], '0.0 %'],
    ['a moment', [gap(500, 500)], ['recorded 0-1000'], '100 %'],
  ] as const
  it.each(cases)('%s', (_, recordingGaps, expected, percent) => {
    const { stretches, recordedPercent } = coverageOf({ durationMs: 1000, recordingGaps: [...recordingGaps] })
    expect(stretches.map(({ what, fromMs, toMs }) => `${what} ${fromMs}-${toMs}`)).toEqual(expected)
    expect(percentText(recordedPercent)).toBe(percent)
  })
})
