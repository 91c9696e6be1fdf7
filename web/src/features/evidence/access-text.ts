import type { SessionAccessesQuery } from '../../gql/graphql'

export type Access = NonNullable<SessionAccessesQuery['session']>['accesses']['nodes'][number]

const seen: Record<string, string> = {
  asciicast: 'played the terminal',
  live: 'watched it live',
  video: 'played the video',
  timeline: 'read the moments',
  'moment map': 'saw the timeline',
  'seek points': 'saw the marks of the timeline',
  moment: 'read a moment',
  screen: 'read the screen',
  comments: 'read the comments',
  redactions: 'saw which parts are redacted',
  film: 'watched a film of the terminal',
  thumbnails: 'saw thumbnails',
  still: 'saw a picture of it',
  ndjson: 'read the events',
}

/** What somebody did with a recording, in words; what has none is shown as the log says it. */
export function accessText({ type, what }: Access): string {
  if (type === 'recording.downloaded') return `took ${what.join(', ')}`
  return what.map((one) => seen[one] ?? one).join(', ') || type
}
