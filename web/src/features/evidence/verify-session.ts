import { fetchAsOf, fetchStream } from '../../lib/api'
import { paths } from '../../lib/paths'
import { checkSignature, type Signature } from './checkpoint'
import { linesOf, readLine, type Line } from './lines'
import { otherLines, parseProof, rootOf, type Proof } from './multiproof'

export type Progress = { phase: 'reading' | 'joining'; done: number; total: number }

/** The versions that are there of a stream, from the first to the last, without a gap. */
export type Span = { stream: string; first: number; last: number }

export type Verified = {
  lines: Line[]
  redacted: number
  spans: Span[]
  proof: Proof
  signature: Signature
}

/** What is wrong. Lines are named where they can be. */
export type Flaw = {
  kind: 'line' | 'hashes' | 'order' | 'count' | 'signature' | 'key' | 'forked'
  lines: Line[]
  words: string
}

export type Outcome = ({ isProved: true } | { isProved: false; flaw: Flaw }) & { verified: Verified }

/** Lines that are hashed at the same time. */
const atOnce = 256

/**
 * Reads all events of a session, hashes each here, and joins them with the proof to the root that the log has signed.
 * `trustedKey` is the key of the log that this page knows.
 */
export async function verifySession(
  session: string,
  trustedKey: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const response = await fetchStream(paths.ndjson(session), signal)
  const size = response.headers.get('Retrace-Log-Size') ?? ''
  const proving = fetchAsOf(paths.ndjsonProof(session, size), signal)
  // It is waited for below; until then its failure is nobody's.
  proving.catch(() => undefined)
  const lines = await readLines(response, proving, onProgress, signal)
  const proof = parseProof((await proving).text)
  const signature = await checkSignature(proof.note, trustedKey)
  const { spans, flaw: order } = spansOf(lines)
  const redacted = lines.filter((line) => line.redacted).length
  const verified: Verified = { lines, redacted, spans, proof, signature }
  const flaw = order ?? (await flawOf(verified, trustedKey, onProgress, signal))
  return flaw ? { isProved: false, flaw, verified } : { isProved: true, verified }
}

async function readLines(
  response: Response,
  proving: Promise<{ text: string }>,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Line[]> {
  let total = 0
  void proving.then(({ text }) => (total = parseProof(text).lines)).catch(() => undefined)
  const lines: Line[] = []
  let waiting: Promise<Line>[] = []
  const settle = async () => {
    lines.push(...(await Promise.all(waiting)))
    waiting = []
    onProgress({ phase: 'reading', done: lines.length, total: Math.max(total, lines.length) })
  }
  if (!response.body) return lines
  for await (const bytes of linesOf(response.body)) {
    signal.throwIfAborted()
    waiting.push(readLine(bytes))
    if (waiting.length >= atOnce) await settle()
  }
  await settle()
  return lines
}

async function flawOf(
  { lines, proof, signature }: Verified,
  trustedKey: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Flaw | undefined> {
  if (proof.verifierKey.trim() !== trustedKey.trim()) {
    return { kind: 'key', lines: [], words: 'The proof names another key than the log does.' }
  }
  if (signature === 'unsigned') {
    return { kind: 'signature', lines: [], words: 'The checkpoint is not signed by the key of the log.' }
  }
  if (lines.length !== proof.lines) {
    const words = `There are ${lines.length} events, and the proof is one for ${proof.lines}.`
    return { kind: 'count', lines: [], words }
  }
  const leaves = lines.map(({ position, hash }) => ({ position: BigInt(position), hash }))
  const onJoined = (done: number) => onProgress({ phase: 'joining', done, total: lines.length })
  const root = await rootOf(leaves, proof, onJoined, signal)
  if (root === proof.checkpoint.rootHash) return undefined
  const others = otherLines(
    proof,
    lines.map(({ hash }) => hash),
  ).flatMap((index) => lines[index] ?? [])
  if (others.length > 0) return { kind: 'line', lines: others, words: 'What was received is not what stands in the log.' }
  return { kind: 'hashes', lines: [], words: 'The events and the hashes of the proof do not lead to the root that was signed.' }
}

/** Each stream must have its versions without a gap, and the events must come in the order of the log. */
function spansOf(lines: readonly Line[]): { spans: Span[]; flaw?: Flaw } {
  const spans = new Map<string, Span>()
  let last = -1n
  for (const line of lines) {
    const { stream, version } = line
    const position = BigInt(line.position)
    const span = spans.get(stream)
    if (position <= last) return { spans: [...spans.values()], flaw: { kind: 'order', lines: [line], words: 'It does not stand in the order of the log.' } }
    if (span && version !== span.last + 1) {
      const words = `It is version ${version} of its stream, and ${span.last + 1} was to come.`
      return { spans: [...spans.values()], flaw: { kind: 'order', lines: [line], words } }
    }
    spans.set(stream, { stream, first: span?.first ?? version, last: version })
    last = position
  }
  return { spans: [...spans.values()] }
}
