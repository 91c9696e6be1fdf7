import { fromBase64 } from '../log/merkle'

/** A checkpoint as it is signed: C2SP tlog-checkpoint. */
export type Checkpoint = { origin: string; size: string; rootHash: string }

/**
 * signed:      the key has signed it
 * unsigned:    it has not
 * unsupported: this browser does not know Ed25519
 */
export type Signature = 'signed' | 'unsigned' | 'unsupported'

/** Reads a checkpoint. Throws when it is none. */
export function readCheckpoint(note: string): Checkpoint {
  const [origin = '', size = '', rootHash = ''] = note.split('\n')
  if (origin === '' || !/^\d{1,20}$/.test(size) || fromBase64(rootHash).length !== 32) {
    throw new Error('this is no checkpoint of a log')
  }
  return { origin, size, rootHash }
}

/** The public key in a C2SP verifier key, `name+id+base64`. Throws when it is none for Ed25519. */
export function readVerifierKey(key: string): { name: string; id: string; publicKey: Uint8Array<ArrayBuffer> } {
  const [name = '', id = '', ...rest] = key.trim().split('+')
  const bytes = fromBase64(rest.join('+'))
  if (name === '' || bytes.length !== 33 || bytes[0] !== 1) throw new Error('this is no key of a log')
  return { name, id, publicKey: bytes.slice(1) }
}

/** Whether the key of a log has signed a checkpoint. */
export async function checkSignature(note: string, verifierKey: string): Promise<Signature> {
  const { name, publicKey } = readVerifierKey(verifierKey)
  const end = note.indexOf('\n\n')
  if (end < 0) return 'unsigned'
  const signed = new TextEncoder().encode(note.slice(0, end + 1))
  const signatures = note
    .slice(end + 2)
    .split('\n')
    .flatMap((line) => {
      const [dash, by, base64] = line.split(' ')
      return dash === '—' && by === name && base64 ? [fromBase64(base64)] : []
    })
  let key: CryptoKey
  try {
    key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify'])
  } catch {
    return 'unsupported'
  }
  // Four bytes that name the key come first.
  const checks = signatures
    .filter(({ length }) => length === 68)
    .map((signature) => crypto.subtle.verify({ name: 'Ed25519' }, key, signature.slice(4), signed))
  return (await Promise.all(checks)).includes(true) ? 'signed' : 'unsigned'
}
