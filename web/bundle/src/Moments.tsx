import { useMemo, useState } from 'react'
import { formatCount } from '../../src/lib/format'
import { formatInstant, formatOffset } from '../../src/lib/time'
import { wholeListOf, type Moment } from './data'
import type { Player } from './Recording'
import { once, useLoaded } from './use-loaded'

/** So many are shown; the others are found by words. */
const shownMax = 500
const loadMoments = once(() => wholeListOf<Moment>('moments'))

type Props = { startedAt: string; player: Player | undefined }

export function Moments({ startedAt, player }: Props) {
  const { data, error } = useLoaded(loadMoments)
  const [words, setWords] = useState('')
  const [kind, setKind] = useState('')
  const kinds = useMemo(() => [...new Set(data?.map((moment) => moment.kind))].toSorted(), [data])
  const found = useMemo(() => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
    return data?.filter((moment) => {
      const text = moment.text.toLowerCase()
      return (kind === '' || moment.kind === kind) && wanted.every((word) => text.includes(word))
    })
  }, [data, words, kind])
  return (
    <section className="panel moments" aria-label="Moments">
      <div className="moments-head">
        <input
          className="input"
          type="search"
          placeholder="Find what was typed, run or seen"
          aria-label="Find moments"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <select className="input" aria-label="Kind" value={kind} onChange={(event) => setKind(event.target.value)}>
          <option value="">All kinds</option>
          {kinds.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      {error && <p className="moments-note">{error}</p>}
      {found && (
        <p className="moments-note" role="status">
          {formatCount(found.length)} moments{found.length > shownMax && `, the first ${shownMax} shown`}
        </p>
      )}
      <ol className="moments-list">
        {found?.slice(0, shownMax).map((moment, index) => (
          <li key={index}>
            <button
              type="button"
              className={`moment kind-${moment.kind}`}
              title={formatInstant(startedAt, moment.atMs)}
              onClick={() => player?.seek(moment.atMs)}
            >
              <span className="moment-at numeric">{formatOffset(moment.atMs)}</span>
              <span className="badge kind-badge">{moment.kind}</span>
              <span className="moment-text mono">{moment.text || 'screen changed'}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}
