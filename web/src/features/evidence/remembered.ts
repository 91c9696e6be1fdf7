import { ConsistencyProofDocument } from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { readStored, writeStored } from '../../lib/stored'
import { isConsistent } from '../log/merkle'
import type { Checkpoint } from './checkpoint'

/** What this browser has seen of the log last. */
export type Remembered = Checkpoint & { verifierKey: string; seenAt: string }

/**
 * first:    this browser sees the log for the first time
 * grown:    it is the one of then, and has grown, or not
 * shrunk:   it is smaller than it was
 * forked:   it is no continuation of what it was
 * otherLog, otherKey: it is another one
 */
export type Continuity = 'first' | 'grown' | 'shrunk' | 'forked' | 'otherLog' | 'otherKey'
export type Compared = { continuity: Continuity; before: Remembered | undefined }

const key = 'retrace.log-seen'

export function readRemembered(): Remembered | undefined {
  try {
    const seen = JSON.parse(readStored(key) ?? '') as Partial<Remembered>
    const { origin, size, rootHash, verifierKey, seenAt } = seen
    if (!origin || !size || !/^\d+$/.test(size) || !rootHash || !verifierKey || !seenAt) return undefined
    return { origin, size, rootHash, verifierKey, seenAt }
  } catch {
    return undefined
  }
}

export function remember(checkpoint: Checkpoint, verifierKey: string): void {
  writeStored(key, JSON.stringify({ ...checkpoint, verifierKey, seenAt: new Date().toISOString() }))
}

/** Holds a checkpoint against the one that this browser saw last, and remembers it when it continues that one. */
export async function compareWithLast(now: Checkpoint, verifierKey: string): Promise<Compared> {
  const before = readRemembered()
  const continuity = before ? await continuityOf(before, now, verifierKey) : 'first'
  if (continuity === 'first' || continuity === 'grown') remember(now, verifierKey)
  return { continuity, before }
}

async function continuityOf(before: Remembered, now: Checkpoint, verifierKey: string): Promise<Continuity> {
  if (before.origin !== now.origin) return 'otherLog'
  if (before.verifierKey.trim() !== verifierKey.trim()) return 'otherKey'
  if (BigInt(now.size) < BigInt(before.size)) return 'shrunk'
  if (now.size === before.size) return now.rootHash === before.rootHash ? 'grown' : 'forked'
  const { log } = await graphql(ConsistencyProofDocument, { old: before.size, new: now.size })
  return (await isConsistent(before, now, log.consistencyProof)) ? 'grown' : 'forked'
}
