import { useQuery } from '@tanstack/react-query'
import { ViewerRightsDocument, type AccessRight } from '../../gql/graphql'
import { graphql } from '../../lib/api'

export type Rights = { everywhere: readonly AccessRight[]; somewhere: readonly AccessRight[] }

const none: Rights = { everywhere: [], somewhere: [] }

/** What the viewer may do. Nothing, as long as it is not known. */
export function useRights(): Rights & { isKnown: boolean } {
  const { data } = useQuery({
    queryKey: ['viewer-rights'],
    queryFn: ({ signal }) => graphql(ViewerRightsDocument, {}, signal),
    select: ({ viewer }) => viewer,
    staleTime: 60_000,
  })
  return { ...(data ?? none), isKnown: data !== undefined }
}

/** Whether any page of the settings has something to show to them. */
export function seesSettings({ everywhere, somewhere }: Rights): boolean {
  return everywhere.includes('VIEW_SETTINGS') || somewhere.includes('MANAGE_ACCESS')
}
