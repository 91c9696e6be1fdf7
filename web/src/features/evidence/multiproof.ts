import { fromBase64, nodeHash, toBase64 } from '../log/merkle'
import { readCheckpoint, type Checkpoint } from './checkpoint'

/** One proof for all lines of an export: see `docs/verifying.md`, "The proof of an export". */
export type Proof = {
  verifierKey: string
  lines: number
  hashes: Uint8Array[]
  /** The first bytes of the hash of each line. They prove nothing, and name a line that is not the one proved. */
  marks: Uint8Array[]
  note: string
  checkpoint: Checkpoint
}

const markBytes = 4

/** Throws when the text is no proof. */
export function parseProof(text: string): Proof {
  const end = text.indexOf('\n\n')
  const lines = text.slice(0, end).split('\n')
  const note = text.slice(end + 2)
  const value = (index: number, name: string) => {
    const [found, ...rest] = (lines[index] ?? '').split(' ')
    if (found !== name) throw new Error(`the proof has no ${name}`)
    return rest.join(' ')
  }
  if (end < 0 || lines[0] !== 'retrace-proof@v1') throw new Error('this is no proof of an export')
  const hashCount = Number(value(3, 'hashes'))
  const marksAt = 4 + hashCount
  value(marksAt, 'marks')
  return {
    verifierKey: value(1, 'key'),
    lines: Number(value(2, 'lines')),
    hashes: lines.slice(4, marksAt).map(fromBase64),
    marks: lines.slice(marksAt + 1).flatMap((line) => cut(fromBase64(line))),
    note,
    checkpoint: readCheckpoint(note),
  }
}

function cut(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / markBytes }, (_, at) => bytes.slice(at * markBytes, (at + 1) * markBytes))
}

/** The indexes of the lines whose hashes are not those that the proof was made for. */
export function otherLines({ marks }: Proof, hashes: readonly Uint8Array[]): number[] {
  const indexes = hashes.map((_, index) => index)
  return indexes.filter((index) => !marks[index]?.every((byte, at) => byte === hashes[index]?.[at]))
}

export type Leaf = { position: bigint; hash: Uint8Array }

/** The leaves and the hashes of the proof, joined from left to right to the root of the tree; undefined when they are none. */
export async function rootOf(
  leaves: readonly Leaf[],
  proof: Proof,
  onJoined: (leaves: number) => void,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const stack: { level: number; hash: Uint8Array }[] = []
  const hashes = [...proof.hashes].toReversed()
  const size = BigInt(proof.checkpoint.size)
  let done = 0n
  const push = async (level: number, hash: Uint8Array) => {
    done += 1n << BigInt(level)
    let [top, height] = [hash, level]
    for (let left = stack.at(-1); left?.level === height; left = stack.at(-1)) {
      stack.pop()
      // Each stands on the one before.
      // oxlint-disable-next-line no-await-in-loop
      top = await nodeHash(left.hash, top)
      height += 1
    }
    stack.push({ level: height, hash: top })
  }
  const skipTo = async (position: bigint): Promise<boolean> => {
    if (done >= position) return done === position
    const hash = hashes.pop()
    if (!hash) return false
    await push(levelAt(done, position), hash)
    return skipTo(position)
  }
  for (const [index, { position, hash }] of leaves.entries()) {
    // oxlint-disable-next-line no-await-in-loop
    if (!(await skipTo(position))) return undefined
    // oxlint-disable-next-line no-await-in-loop
    await push(0, hash)
    if (index % 500 === 0) {
      signal?.throwIfAborted()
      onJoined(index)
    }
  }
  if (!(await skipTo(size)) || hashes.length > 0) return undefined
  let root = stack.pop()?.hash
  for (let left = stack.pop(); left && root; left = stack.pop()) {
    // oxlint-disable-next-line no-await-in-loop
    root = await nodeHash(left.hash, root)
  }
  return root && toBase64(root)
}

/** The level of the largest complete subtree that begins at `from` and does not go beyond `to`. */
function levelAt(from: bigint, to: bigint): number {
  let level = 0
  while (from + (2n << BigInt(level)) <= to && from % (2n << BigInt(level)) === 0n) level += 1
  return level
}
