import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { EvidenceDocument, SessionAccessesDocument, type EvidenceQuery } from '../../gql/graphql'
import { fetchStream, graphql } from '../../lib/api'
import { paths } from '../../lib/paths'
import { checkSignature, readCheckpoint } from './checkpoint'
import { compareWithLast } from './remembered'
import { verifySession, type Outcome, type Progress, type Verified } from './verify-session'

export type EvidenceSession = NonNullable<EvidenceQuery['session']>
export type LogHead = EvidenceQuery['log']

export function useEvidence(id: string) {
  return useQuery({
    queryKey: ['evidence', id],
    queryFn: ({ signal }) => graphql(EvidenceDocument, { id }, signal),
    // What is proved on the page is proved as of one moment.
    staleTime: Infinity,
  })
}

/** Whether the key of the log has signed its checkpoint, and whether it continues what this browser saw before. */
export function useHeadCheck({ checkpoint, verifierKey }: LogHead) {
  return useQuery({
    queryKey: ['head-check', checkpoint, verifierKey],
    queryFn: async () => {
      const head = readCheckpoint(checkpoint)
      const signature = await checkSignature(checkpoint, verifierKey)
      return { head, signature, ...(await compareWithLast(head, verifierKey)) }
    },
    staleTime: Infinity,
    gcTime: 0,
  })
}

/** Proves all events of a session when it is asked to, and can be stopped. */
export function useVerification(session: string, verifierKey: string) {
  const [progress, setProgress] = useState<Progress>()
  const client = useQueryClient()
  const stopping = useRef<AbortController>(undefined)
  const check = useMutation({
    mutationFn: async () => {
      stopping.current = new AbortController()
      const outcome = await verifySession(session, verifierKey, setProgress, stopping.current.signal)
      return outcome.isProved ? continued(outcome.verified, verifierKey) : outcome
    },
    onSettled: () => {
      setProgress(undefined)
      // The check itself is one more look.
      void client.invalidateQueries({ queryKey: ['accesses', session] })
    },
  })
  return { ...check, progress, stop: () => stopping.current?.abort() }
}

/** The log is a little larger by then: its checkpoint must continue the one that this browser saw before. */
async function continued(verified: Verified, verifierKey: string): Promise<Outcome> {
  const { continuity } = await compareWithLast(verified.proof.checkpoint, verifierKey)
  if (continuity === 'first' || continuity === 'grown') return { isProved: true, verified }
  const words = 'The events lead to a root that was signed, and that is no continuation of the log that this browser saw before.'
  return { isProved: false, flaw: { kind: 'forked', lines: [], words }, verified }
}

export type BlobCheck = { total: number; done: number; wrong: string[] }

/** Hashes the pieces of footage that events of a session tell of. */
export function useBlobCheck(session: string, blobs: readonly string[]) {
  const [checked, setChecked] = useState<BlobCheck>()
  const run = useMutation({
    mutationFn: async () => {
      const found: BlobCheck = { total: blobs.length, done: 0, wrong: [] }
      for (const blob of blobs) {
        // One at a time: they may be large.
        // oxlint-disable-next-line no-await-in-loop
        if (!(await isBlob(session, blob))) found.wrong.push(blob)
        found.done += 1
        setChecked({ ...found })
      }
      return found
    },
  })
  return { ...run, checked }
}

async function isBlob(session: string, blob: string): Promise<boolean> {
  const response = await fetchStream(paths.footage(session, blob))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === blob
}

export function useAccesses(id: string) {
  return useInfiniteQuery({
    queryKey: ['accesses', id],
    queryFn: ({ pageParam, signal }) => graphql(SessionAccessesDocument, { id, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ session }) =>
      session?.accesses.pageInfo.hasNextPage ? session.accesses.pageInfo.endCursor : null,
  })
}
