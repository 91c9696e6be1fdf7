import { toApiError } from '../../lib/errors'
import { totalText } from './total-text'
import { pointAt } from './completion'
import type { useSearch } from './use-search'

type Props = { id: string; text: string; results: ReturnType<typeof useSearch> }

/** One line below the box: how much was found, or what is wrong with the text, and where. */
export function SearchStatus({ id, text, results: { data, error, isFetching, isPlaceholderData } }: Props) {
  const span = error ? toApiError(error).span : undefined
  return (
    <div className="search-status" role="status">
      {span ? (
        <QueryError id={id} text={text} span={span} message={toApiError(error).message} />
      ) : data && !isPlaceholderData ? (
        <p>{totalText(data.pages[0]?.searchSessions)}</p>
      ) : (
        <p>{isFetching ? 'Searching…' : '\u00a0'}</p>
      )}
    </div>
  )
}

type ErrorProps = { id: string; text: string; span: { at: number; length: number }; message: string }

function QueryError({ id, text, span, message }: ErrorProps) {
  const [before, wrong, behind] = pointAt(text, span)
  return (
    <div className="query-error">
      <p id={id}>{message}</p>
      <code aria-hidden="true">
        {before}
        <span className="query-wrong">{wrong || '\u00a0'}</span>
        {behind}
      </code>
    </div>
  )
}
