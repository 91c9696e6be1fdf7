import { useMutation, useQuery, useQueryClient, type MutationFunction } from '@tanstack/react-query'
import {
  ReportSchedulesDocument,
  ScheduleReportDocument,
  UnscheduleReportDocument,
  type ReportPeriod,
  type ReportScheduleInput,
  type ReportSchedulesQuery,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'
import { fileUrl, type ReportFormat } from './use-reports'

export type Schedule = ReportSchedulesQuery['reportSchedules'][number]
export type ScheduleRun = Schedule['runs'][number]

const queryKey = ['report-schedules']
/** Something may become due while somebody looks. */
const askedEvery = 30_000

export const periodNames: Record<ReportPeriod, string> = {
  DAY: 'day',
  WEEK: 'week (Monday to Sunday)',
  MONTH: 'month',
  QUARTER: 'quarter',
}

/** The reports that are run by themselves, for whoever may see how the server is set up. */
export function useSchedules(enabled: boolean) {
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => graphql(ReportSchedulesDocument, {}, signal),
    select: ({ reportSchedules }) => reportSchedules,
    refetchInterval: askedEvery,
    enabled,
  })
}

function useScheduleChange<Input, Result>(change: MutationFunction<Result, Input>, onDone: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey })
      onDone()
    },
  })
}

export const useScheduleReport = (onDone: () => void) =>
  useScheduleChange((input: ReportScheduleInput) => graphql(ScheduleReportDocument, { input }), onDone)

export const useUnscheduleReport = (onDone: () => void) =>
  useScheduleChange((name: string) => graphql(UnscheduleReportDocument, { name }), onDone)

/** The report of a run as a file: what is computed again from the position of that run. */
export function runUrl({ report, parameters }: Schedule, { from, to, position }: ScheduleRun, format: ReportFormat): string {
  const asked = { from, to, at: String(position), parameters: parameters as Record<string, string> }
  return fileUrl(report.name, asked, format)
}

/** A name that a schedule can have, from words: `Privileged access, daily` is `privileged-access-daily`. */
export function nameOf(words: string): string {
  const name = words.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return name.replace(/^[^a-z]+|-+$/g, '').slice(0, 64)
}
