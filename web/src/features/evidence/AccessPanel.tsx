import { Link } from '@tanstack/react-router'
import { formatCount, plural } from '../../lib/format'
import { DataTable } from '../../ui/DataTable'
import { LoadMore } from '../../ui/LoadMore'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { seesSettings, useRights } from '../auth/use-rights'
import { accessText, type Access } from './access-text'
import { useAccesses } from './use-evidence'

const columns = ['When', 'Who', 'What', 'From', 'Reason']

/** Who looked at the session or took something of it, the first look first. */
export function AccessPanel({ sessionId }: { sessionId: string }) {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useAccesses(sessionId)
  const seesTrail = seesSettings(useRights())
  const accesses = data?.pages.flatMap(({ session }) => session?.accesses.nodes ?? []) ?? []
  const people = new Set(accesses.map(({ by }) => by)).size
  return (
    <section className="panel evidence-panel" aria-labelledby="access-title">
      <div className="evidence-head">
        <h2 id="access-title">Who looked</h2>
        <span>{accesses.length > 0 && !hasNextPage && `${plural(people, 'person', 'people')}, ${plural(accesses.length, 'entry', 'entries')}`}</span>
      </div>
      {isPending ? (
        <ListSkeleton rows={3} label="Loading who looked" />
      ) : error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : accesses.length === 0 ? (
        <EmptyNote title="Nobody has looked at this session." />
      ) : (
        <>
          <DataTable label="Who looked at this session" head={columns}>
            {accesses.map((access) => (
              <AccessRow key={access.id} access={access} seesTrail={seesTrail} />
            ))}
          </DataTable>
          <LoadMore hasMore={hasNextPage} isLoading={isFetchingNextPage} onMore={() => void fetchNextPage()} />
        </>
      )}
    </section>
  )
}

function AccessRow({ access, seesTrail }: { access: Access; seesTrail: boolean }) {
  const { at, by, address, reason, looks } = access
  return (
    <tr>
      <td data-label="When">
        <Time at={at} />
      </td>
      <th scope="row" data-label="Who">
        {seesTrail ? (
          <Link to="/settings/trail" search={{ by }} title={`What else ${by} did: searches, looks, downloads`}>
            {by}
          </Link>
        ) : (
          by
        )}
      </th>
      <td data-label="What">
        {accessText(access)}
        {looks !== null && <div className="cell-note">{formatCount(looks)} more looks since the entry before</div>}
      </td>
      <td data-label="From">{address}</td>
      <td data-label="Reason">{reason}</td>
    </tr>
  )
}
