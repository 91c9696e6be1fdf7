import { useState } from 'react'
import { plural } from '../../lib/format'
import { startOfDayAfter } from '../../lib/time'
import { DateField } from '../../ui/fields'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { GiveGrantDialog } from './GiveGrant'
import { GrantTable } from './GrantTable'
import { useGrants, type Grant } from './use-access'
import { WithdrawGrantDialog } from './WithdrawGrant'

/** Who has which role over which sessions, now or at the end of a day. */
export function Grants({ mayManage }: { mayManage: boolean }) {
  const [day, setDay] = useState<string>()
  const [isGiving, setGiving] = useState(false)
  const [withdrawn, setWithdrawn] = useState<Grant>()
  const { data, error, isPending, refetch } = useGrants(startOfDayAfter(day))
  return (
    <section aria-labelledby="grants">
      <div className="section-head">
        <h2 id="grants">Grants</h2>
        <p role="status">{data && plural(data.length, 'grant')}</p>
        <DateField label="At the end of the day" value={day} onChange={setDay} />
        {mayManage && (
          <button type="button" className="button button-primary" onClick={() => setGiving(true)}>
            Give access…
          </button>
        )}
      </div>
      {isPending ? (
        <ListSkeleton rows={3} label="Loading grants" />
      ) : error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : data.length === 0 ? (
        <EmptyNote title={day ? 'Nothing was granted then.' : 'Nothing is granted yet.'}>
          <span>
            People who sign in at a provider of identities see nothing until they, or a group of theirs, are granted a
            role. Tokens have roles of their own.
          </span>
        </EmptyNote>
      ) : (
        <GrantTable grants={data} onWithdraw={mayManage && !day ? setWithdrawn : undefined} />
      )}
      <GiveGrantDialog open={isGiving} onClose={() => setGiving(false)} />
      <WithdrawGrantDialog grant={withdrawn} onClose={() => setWithdrawn(undefined)} />
    </section>
  )
}
