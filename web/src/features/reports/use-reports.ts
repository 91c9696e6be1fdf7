import { useMutation, useQuery } from '@tanstack/react-query'
import {
  ReportsDocument,
  RunReportDocument,
  type ReportsQuery,
  type RunReportQuery,
  type RunReportQueryVariables,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { stringifySearch } from '../../lib/url-state'

export type ReportDefinition = ReportsQuery['reports'][number]
export type RanReport = RunReportQuery['report']
/** What is asked of a report: its period as instants, and the parameters that are not to have their default. */
export type Asked = { from?: string; to?: string; at?: string; parameters: Record<string, string> }

export const formats = ['pdf', 'xlsx', 'csv', 'json', 'html'] as const
export type ReportFormat = (typeof formats)[number]

export function useReports() {
  return useQuery({
    queryKey: ['reports'],
    queryFn: ({ signal }) => graphql(ReportsDocument, {}, signal),
    staleTime: Infinity,
  })
}

function variablesOf(name: string, { parameters, ...asked }: Asked): RunReportQueryVariables {
  return { name, input: { ...asked, parameters: Object.entries(parameters).map(([key, value]) => ({ name: key, value })) } }
}

/** Each run is an event, so it runs when somebody says so, and not whenever a page is shown. */
export function useRunReport() {
  return useMutation({
    mutationFn: ({ name, asked }: { name: string; asked: Asked }) => graphql(RunReportDocument, variablesOf(name, asked)),
  })
}

/** What of what was asked the server did not take, and what it may be. */
export type Wrong = { name: string; expected: string }

export function wrongIn(error: Error | null): Wrong | undefined {
  const [, name, expected] = /^`(\w+)` is .*, expected ([^]+?)\.?$/.exec(error?.message ?? '') ?? []
  return name !== undefined && expected !== undefined ? { name, expected } : undefined
}

/** Where the same report is as a file: as of the position of the one that is shown. */
export function fileUrl(name: string, { parameters, ...asked }: Asked, format: ReportFormat): string {
  return `/v1/reports/${name}.${format}${stringifySearch({ ...asked, ...parameters })}`
}
