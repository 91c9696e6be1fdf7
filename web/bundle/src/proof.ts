/**
 * Whether the events of the bundle are those that the log signed, computed here: the leaf of each, the root of the tree
 * that follows from them and the hashes of the proof, and the signature over that root. `docs/verifying.md` of Retrace
 * describes the proof.
 */
import { fromBase64, leafHash, nodeHash, toBase64 } from '../../src/features/log/merkle'

type Line = { position: number; redacted?: boolean; leafHash?: string }
type Subtree = { level: number; hash: Uint8Array }

export type Proof = { hashes: string[]; checkpoint: string; key: string }
export type Verdict =
  | { is: 'proved'; lines: number; redacted: number; size: number; signature: 'holds' | 'not checked' }
  | { is: 'refuted'; why: string }

/** The hash that stands in the tree for a line: of one that hides something, the one that it tells. */
export async function leafOf(line: string): Promise<{ position: number; hash: Uint8Array; redacted: boolean }> {
  const { position, redacted, leafHash: told } = JSON.parse(line) as Line
  if (redacted === true) return { position, hash: fromBase64(told ?? ''), redacted: true }
  return { position, hash: await leafHash(new TextEncoder().encode(line)), redacted: false }
}

/** Grows a tree from leaves at some places, and the hashes of the largest subtrees that fit between them. */
export class Root {
  private readonly stack: Subtree[] = []
  private done = 0
  private used = 0

  constructor(
    private readonly size: number,
    private readonly hashes: readonly string[],
  ) {}

  async leaf(position: number, hash: Uint8Array): Promise<void> {
    if (!Number.isSafeInteger(position) || position < this.done || position >= this.size) {
      throw new Error(`the event at position ${position} is out of place`)
    }
    await this.skipTo(position)
    await this.push(0, hash)
  }

  async finish(): Promise<Uint8Array> {
    await this.skipTo(this.size)
    if (this.used !== this.hashes.length) throw new Error('the proof has more hashes than are needed')
    let root = this.stack.pop()?.hash
    if (!root) throw new Error('the log is empty')
    for (let left = this.stack.pop(); left; left = this.stack.pop()) root = await nodeHash(left.hash, root)
    return root
  }

  private async skipTo(position: number): Promise<void> {
    while (this.done < position) {
      let level = 0
      while (this.done % 2 ** (level + 1) === 0 && this.done + 2 ** (level + 1) <= position) level += 1
      const hash = this.hashes[this.used]
      if (hash === undefined) throw new Error('the proof has fewer hashes than are needed')
      this.used += 1
      await this.push(level, fromBase64(hash))
    }
  }

  private async push(level: number, hash: Uint8Array): Promise<void> {
    this.done += 2 ** level
    let subtree: Subtree = { level, hash }
    for (let left = this.stack.at(-1); left?.level === subtree.level; left = this.stack.at(-1)) {
      this.stack.pop()
      subtree = { level: subtree.level + 1, hash: await nodeHash(left.hash, subtree.hash) }
    }
    this.stack.push(subtree)
  }
}

/** The size and the root that a checkpoint tells, and whether the key signed it: undefined where the browser cannot say. */
export async function readCheckpoint(
  checkpoint: string,
  key: string,
): Promise<{ size: number; root: string; isSigned: boolean | undefined }> {
  const [text = '', signatures = ''] = checkpoint.split('\n\n')
  const [, size = '', root = ''] = text.split('\n')
  const signature = /^— \S+ (\S+)$/m.exec(signatures)?.[1]
  const publicKey = fromBase64(key.split('+').slice(2).join('+')).slice(1)
  if (signature === undefined) return { size: Number(size), root, isSigned: false }
  let imported: CryptoKey
  try {
    imported = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify'])
  } catch {
    return { size: Number(size), root, isSigned: undefined }
  }
  const signed = new TextEncoder().encode(`${text}\n`)
  const isSigned = await crypto.subtle.verify('Ed25519', imported, fromBase64(signature).slice(-64), signed)
  return { size: Number(size), root, isSigned }
}

/** Checks lines that come in pieces. */
export async function prove(
  pieces: AsyncIterable<string[]> | Iterable<string[]>,
  proof: Proof,
  onProgress: (lines: number) => void,
): Promise<Verdict> {
  try {
    const { size, root, isSigned } = await readCheckpoint(proof.checkpoint, proof.key)
    if (isSigned === false) return { is: 'refuted', why: 'the checkpoint is not signed by the key of the log' }
    const tree = new Root(size, proof.hashes)
    let lines = 0
    let redacted = 0
    for await (const piece of pieces) {
      for (const leaf of await Promise.all(piece.map(leafOf))) {
        await tree.leaf(leaf.position, leaf.hash)
        lines += 1
        if (leaf.redacted) redacted += 1
      }
      onProgress(lines)
    }
    if (toBase64(await tree.finish()) !== root) {
      return { is: 'refuted', why: 'the events are not those that were signed' }
    }
    return { is: 'proved', lines, redacted, size, signature: isSigned ? 'holds' : 'not checked' }
  } catch (error) {
    return { is: 'refuted', why: error instanceof Error ? error.message : String(error) }
  }
}
