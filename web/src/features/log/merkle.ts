/** RFC 6962 inclusion proofs, checked here in the browser so that nobody has to take the server's word. */

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

function leafHash(leaf: string): Promise<Uint8Array> {
  return sha256(leafPrefix, new TextEncoder().encode(leaf))
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
      root = await sha256(nodePrefix, sibling, root)
      while (node % 2n === 0n && node !== 0n) {
        node >>= 1n
        last >>= 1n
      }
    } else {
      root = await sha256(nodePrefix, root, sibling)
    }
    node >>= 1n
    last >>= 1n
  }
  return last === 0n ? root : undefined
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

function toBase64(bytes: Uint8Array): string {
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
    await leafHash(leaf),
    BigInt(position),
    BigInt(tree.size),
    proof.map(fromBase64),
  )
  return root !== undefined && toBase64(root) === tree.rootHash
}
