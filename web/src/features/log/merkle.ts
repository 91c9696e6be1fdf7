/** RFC 6962 proofs, checked here in the browser so that nobody has to take the server's word. */

const leafPrefix = 0
const nodePrefix = 1

async function sha256(prefix: number, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(1 + parts.reduce((length, part) => length + part.length, 0))
  bytes[0] = prefix
  let at = 1
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

export function leafHash(leaf: Uint8Array): Promise<Uint8Array> {
  return sha256(leafPrefix, leaf)
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  return sha256(nodePrefix, left, right)
}

/** The root that a proof leads to from a leaf hash (RFC 9162, 2.1.3.2); undefined when the proof has a wrong length. */
async function rootFromProof(
  hash: Uint8Array,
  index: bigint,
  size: bigint,
  proof: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  if (index >= size) return undefined
  let node = index
  let last = size - 1n
  let root = hash
  for (const sibling of proof) {
    if (last === 0n) return undefined
    if (node % 2n === 1n || node === last) {
      root = await nodeHash(sibling, root)
      while (node % 2n === 0n && node !== 0n) {
        node >>= 1n
        last >>= 1n
      }
    } else {
      root = await nodeHash(root, sibling)
    }
    node >>= 1n
    last >>= 1n
  }
  return last === 0n ? root : undefined
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Whether a leaf's exact bytes are at a position of the tree with this size and root. */
export async function isIncluded(
  leaf: string,
  position: string,
  tree: { size: string; rootHash: string },
  proof: readonly string[],
): Promise<boolean> {
  const root = await rootFromProof(
    await leafHash(new TextEncoder().encode(leaf)),
    BigInt(position),
    BigInt(tree.size),
    proof.map(fromBase64),
  )
  return root !== undefined && toBase64(root) === tree.rootHash
}

export type Tree = { size: string; rootHash: string }

/** Whether a tree is the beginning of a later one (RFC 9162, 2.1.4.2). */
export async function isConsistent(old: Tree, now: Tree, proof: readonly string[]): Promise<boolean> {
  const [first, second] = [BigInt(old.size), BigInt(now.size)]
  if (first > second) return false
  if (first === second) return old.rootHash === now.rootHash && proof.length === 0
  if (first === 0n) return proof.length === 0
  const hashes = proof.map(fromBase64)
  // A tree that is complete is a node of the later one, which the proof leaves out.
  if ((first & (first - 1n)) === 0n) hashes.unshift(fromBase64(old.rootHash))
  let [node, last] = [first - 1n, second - 1n]
  while (node % 2n === 1n) [node, last] = [node >> 1n, last >> 1n]
  const [start, ...rest] = hashes
  if (!start) return false
  let [oldRoot, newRoot] = [start, start]
  for (const hash of rest) {
    if (last === 0n) return false
    if (node % 2n === 1n || node === last) {
      // Each hash stands on the one before.
      // oxlint-disable-next-line no-await-in-loop
      ;[oldRoot, newRoot] = await Promise.all([nodeHash(hash, oldRoot), nodeHash(hash, newRoot)])
      while (node % 2n === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n]
    } else {
      // oxlint-disable-next-line no-await-in-loop
      newRoot = await nodeHash(newRoot, hash)
    }
    ;[node, last] = [node >> 1n, last >> 1n]
  }
  return last === 0n && toBase64(oldRoot) === old.rootHash && toBase64(newRoot) === now.rootHash
}
