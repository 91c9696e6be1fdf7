import { useState } from 'react'
import { formatDateTime, formatDuration } from '../../src/lib/time'
import { Custody } from './Custody'
import { loadBundle, type BundleData } from './data'
import { Facts } from './Facts'
import { Moments } from './Moments'
import { ProofBadge, ProofPanel, useProof } from './Proof'
import { Recording, type Player } from './Recording'
import { once, useLoaded } from './use-loaded'

const open = once(loadBundle)

export function BundlePage() {
  const { data: bundle, error } = useLoaded(open)
  if (error) {
    return (
      <main className="bundle">
        <div className="note note-error" role="alert">
          <strong>This bundle cannot be opened.</strong>
          <span>{error}</span>
        </div>
      </main>
    )
  }
  if (!bundle) return <p className="bundle visually-hidden">Opening the bundle…</p>
  return <Bundle bundle={bundle} />
}

const tabs = ['Custody', 'Proof', 'Session'] as const
type Tab = (typeof tabs)[number]

function Bundle({ bundle }: { bundle: BundleData }) {
  const proof = useProof(bundle)
  const [tab, setTab] = useState<Tab>('Custody')
  const [player, setPlayer] = useState<Player>()
  return (
    <main className="bundle">
      <Head bundle={bundle} badge={<ProofBadge proof={proof} />} />
      <div className="bundle-play">
        <Recording bundle={bundle} onPlayer={setPlayer} />
        <Moments startedAt={bundle.session.startedAt} player={player} />
      </div>
      <section className="panel" aria-label="About this recording">
        <div className="tabs" role="tablist" aria-label="About this recording">
          {tabs.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              aria-controls={`panel-${name}`}
              aria-selected={tab === name}
              className="tab"
              onClick={() => setTab(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <div role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`} className="tab-panel">
          {tab === 'Custody' && <Custody entries={bundle.custody} />}
          {tab === 'Proof' && <ProofPanel bundle={bundle} proof={proof} />}
          {tab === 'Session' && <Facts bundle={bundle} />}
        </div>
      </section>
    </main>
  )
}

function Head({ bundle, badge }: { bundle: BundleData; badge: React.ReactNode }) {
  const { launched, sources, startedAt, endedAt, lastEventAt, session } = bundle.session
  const file = sources.find(({ attached }) => attached?.recording)?.attached?.recording?.name
  const name = launched?.title || file || launched?.command || session
  const who = [launched?.user, launched?.target ?? launched?.host].filter(Boolean).join(' on ')
  const end = endedAt ?? lastEventAt
  const lasted = end ? formatDuration(Date.parse(end) - Date.parse(startedAt)) : undefined
  return (
    <header className="bundle-head">
      <div>
        <p className="bundle-kicker">Evidence bundle of Retrace</p>
        <h1>{name}</h1>
        <p className="bundle-about">
          {[who, formatDateTime(startedAt), lasted, endedAt ? undefined : 'had not ended'].filter(Boolean).join(' · ')}
        </p>
      </div>
      <div className="bundle-badges">
        {bundle.redacted && <span className="badge badge-warning">What is redacted is hidden</span>}
        {badge}
      </div>
      {bundle.withheld.length > 0 && (
        <p className="bundle-withheld">Left out, as it cannot be masked: {bundle.withheld.join('; ')}.</p>
      )}
    </header>
  )
}
