import { describe, expect, it } from 'vitest'
import { prove, Root, type Proof } from './proof'

const encoder = new TextEncoder()
const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))

async function hash(prefix: number, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const bytes = Uint8Array.from([prefix, ...parts.flatMap((part) => [...part])])
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** RFC 6962, as it is written there: the root of the left half and of the right half. */
async function treeOf(leaves: Uint8Array[]): Promise<Uint8Array> {
  const [first] = leaves
  if (first && leaves.length === 1) return first
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  return hash(1, await treeOf(leaves.slice(0, half)), await treeOf(leaves.slice(half)))
}

const lines = Array.from({ length: 13 }, (_, position) => JSON.stringify({ position, text: `é ${position}` }))

async function signedLog() {
  const leaves = await Promise.all(lines.map((line) => hash(0, encoder.encode(line))))
  const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const text = `retrace/x\n${lines.length}\n${toBase64(await treeOf(leaves))}\n`
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, encoder.encode(text)))
  return {
    leaves,
    checkpoint: `${text}\n— retrace/x ${toBase64(Uint8Array.from([1, 2, 3, 4, ...signature]))}\n`,
    key: `retrace/x+01020304+${toBase64(Uint8Array.from([1, ...publicKey]))}`,
  }
}

describe('the proof of lines', () => {
  it('leads to the root of the whole tree, whichever lines there are', async () => {
    const { leaves } = await signedLog()
    const whole = toBase64(await treeOf(leaves))
    // Lines 2, 3 and 9 are there; [0,2) [4,8) [8,9) [10,12) [12,13) are subtrees of the proof.
    const cuts = [[0, 2], [4, 8], [8, 9], [10, 12], [12, 13]] as const
    const hashes = await Promise.all(cuts.map(async ([from, to]) => toBase64(await treeOf(leaves.slice(from, to)))))
    const root = new Root(lines.length, hashes)
    for (const position of [2, 3, 9]) await root.leaf(position, leaves[position] ?? new Uint8Array())
    expect(toBase64(await root.finish())).toBe(whole)
  })

  it('holds for what was signed, and for nothing else', async () => {
    const { checkpoint, key } = await signedLog()
    const proof: Proof = { hashes: [], checkpoint, key }
    const verdict = (changed: string[], of = proof) => prove([changed.slice(0, 5), changed.slice(5)], of, () => {})
    expect(await verdict(lines)).toEqual({ is: 'proved', lines: 13, redacted: 0, size: 13, signature: 'holds' })
    const refuted = [
      verdict(lines.with(7, lines[7]?.replace('é', 'è') ?? '')),
      verdict(lines.slice(1)),
      verdict([...lines, lines[12] ?? '']),
      verdict(lines.toReversed()),
      verdict(lines.with(3, 'no JSON')),
      verdict(lines, { ...proof, checkpoint: checkpoint.replace('\n13\n', '\n14\n') }),
      verdict(lines, { ...proof, key: (await signedLog()).key }),
      verdict(lines, { ...proof, hashes: ['AAAA'] }),
    ]
    for (const one of await Promise.all(refuted)) expect(one.is).toBe('refuted')
  })

  it('takes the hash that a redacted line tells', async () => {
    const { leaves, checkpoint, key } = await signedLog()
    const hidden = { position: 4, redacted: true, leafHash: toBase64(leaves[4] ?? new Uint8Array()) }
    const verdict = await prove([lines.with(4, JSON.stringify(hidden))], { hashes: [], checkpoint, key }, () => {})
    expect(verdict).toMatchObject({ is: 'proved', redacted: 1 })
  })
})
