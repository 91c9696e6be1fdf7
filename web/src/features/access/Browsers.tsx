import { plural } from '../../lib/format'
import { DataTable } from '../../ui/DataTable'
import { EmptyNote, ErrorNote, ListSkeleton } from '../../ui/notes'
import { Time } from '../../ui/Time'
import { useBrowsers, useSignOutBrowser } from './use-access'

const columns = ['Who', 'From', 'By', 'Signed in', 'Ends']

/** Browsers that are signed in, of everybody. */
export function Browsers({ mayManage }: { mayManage: boolean }) {
  const { data, error, isPending, refetch } = useBrowsers()
  const signOut = useSignOutBrowser()
  return (
    <section aria-labelledby="browsers">
      <div className="section-head">
        <h2 id="browsers">Browsers that are signed in</h2>
        <p role="status">{data && plural(data.length, 'browser')}</p>
      </div>
      {signOut.error && <ErrorNote error={signOut.error} />}
      {isPending ? (
        <ListSkeleton rows={2} label="Loading browsers" />
      ) : error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : data.length === 0 ? (
        <EmptyNote title="No browser is signed in." />
      ) : (
        <DataTable label="Table of browsers" head={mayManage ? [...columns, 'Actions'] : columns}>
          {data.map((browser) => (
            <tr key={browser.id}>
              <th scope="row" data-label="Who">
                {browser.who} {browser.isThis && <span className="badge badge-active">This one</span>}
              </th>
              <td data-label="From">{browser.address ?? 'not known'}</td>
              <td data-label="By">{browser.token ? `token ${browser.token}` : 'single sign-on'}</td>
              <td data-label="Signed in">
                <Time at={browser.signedInAt} />
              </td>
              <td data-label="Ends">
                <Time at={browser.expiresAt} />
              </td>
              {mayManage && (
                <td data-label="Actions">
                  <button
                    type="button"
                    className="button"
                    disabled={browser.isThis || signOut.isPending}
                    title={browser.isThis ? 'Use “Sign out” at the top.' : undefined}
                    aria-label={`Sign out the browser of ${browser.who} from ${browser.address ?? 'an unknown address'}`}
                    onClick={() => signOut.mutate(browser.id)}
                  >
                    Sign out
                  </button>
                </td>
              )}
            </tr>
          ))}
        </DataTable>
      )}
    </section>
  )
}
