import { useEffect, useState } from 'react'
import { formatCount, plural } from '../../src/lib/format'
import { listOf, type BundleData } from './data'
import { prove, type Verdict } from './proof'

export type ProofState = { verdict?: Verdict; lines: number }

/** Computes the proof, once, while the recording is looked at. */
export function useProof(bundle: BundleData): ProofState {
  const [state, setState] = useState<ProofState>({ lines: 0 })
  useEffect(() => {
    let isWanted = true
    const proof = { hashes: bundle.hashes ?? [], checkpoint: bundle.checkpoint, key: bundle.key }
    const onProgress = (lines: number) => isWanted && setState({ lines })
    void computed(proof, onProgress).then((verdict) => isWanted && setState({ verdict, lines: bundle.lines }))
    return () => {
      isWanted = false
    }
  }, [bundle])
  return state
}

let computing: Promise<Verdict> | undefined

function computed(...[proof, onProgress]: [Parameters<typeof prove>[1], (lines: number) => void]): Promise<Verdict> {
  computing ??= prove(listOf<string>('events'), proof, onProgress)
  return computing
}

export function ProofBadge({ proof: { verdict } }: { proof: ProofState }) {
  if (!verdict) return <span className="badge">Checking the proof…</span>
  return verdict.is === 'proved' ? (
    <span className="badge badge-proved" data-testid="proof">
      Proved: {plural(verdict.lines, 'event')}
    </span>
  ) : (
    <span className="badge badge-refuted" data-testid="proof" role="alert">
      NOT PROVED
    </span>
  )
}

export function ProofPanel({ bundle, proof: { verdict, lines } }: { bundle: BundleData; proof: ProofState }) {
  return (
    <div className="proof">
      {!verdict && (
        <p role="status">
          {formatCount(lines)} of {formatCount(bundle.lines)} events hashed…
        </p>
      )}
      {verdict?.is === 'refuted' && (
        <div className="note note-error" role="alert">
          <strong>This is not what was recorded: {verdict.why}.</strong>
        </div>
      )}
      {verdict?.is === 'proved' && (
        <p>
          Your browser hashed the {plural(verdict.lines, 'event')} of this session, put the tree of the log together from
          them and the proof, and came to the root over {plural(verdict.size, 'event')} that the checkpoint below tells
          {verdict.signature === 'holds'
            ? ', whose signature by the key below holds.'
            : '. It cannot check the signature of the checkpoint: verify it as README.txt tells.'}
          {verdict.redacted > 0 &&
            ` Of ${plural(verdict.redacted, 'event')} only the hash is shown where something is hidden: that they are there is proved, and not what is shown of them.`}
        </p>
      )}
      <h2>What you have to check yourself</h2>
      <p>
        Whoever could change this bundle could change this page too, and the key in it. So compare the key with the one
        that you have from elsewhere, and verify the files with <code>retrace verify BUNDLE --key-file log.pub</code>, or
        with standard tools as <code>README.txt</code> tells.
      </p>
      <h2>The key that the log claims to have</h2>
      <pre className="proof-text">{bundle.key}</pre>
      <h2>The checkpoint</h2>
      <pre className="proof-text">{bundle.checkpoint}</pre>
      {bundle.absent.length > 0 && (
        <p>
          {plural(bundle.absent.length, 'piece')} of footage that events name could not be read when this bundle was made.
        </p>
      )}
    </div>
  )
}
