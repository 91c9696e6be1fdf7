/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What is counted: bytes for `OUTPUT`, thousandths of the screen for `SCREEN`, things for the others. */
export type ActivityKind =
  /** Keys. */
  | 'KEYS'
  /** Markers. */
  | 'MARKER'
  /** Bytes written to the terminal. */
  | 'OUTPUT'
  /** Processes that were started. */
  | 'PROCESS'
  /** Changes of the terminal's size. */
  | 'RESIZE'
  /** Thousandths of the screen that changed. */
  | 'SCREEN';

/** Why a session ended. */
export type EndReason =
  /** The connection to the target was lost. */
  | 'CONNECTION_LOST'
  /** Nothing was done in it for too long. */
  | 'INACTIVITY'
  /** It reached the longest time that is allowed. */
  | 'MAX_LENGTH'
  /** It was not allowed, and never began. */
  | 'REFUSED'
  /** The recorder could not reach the server. */
  | 'SERVER_UNREACHABLE'
  /** An administrator ended it. */
  | 'TERMINATED'
  /** The recording ends here and does not say why. */
  | 'UNKNOWN'
  /** The person, or their program, ended it. */
  | 'USER';

/** Which events are wanted: all conditions that are given must hold. */
export type EventFilter = {
  /** Only events of this session. */
  session?: string | number | null | undefined;
  /** Only events of this stream. */
  stream?: string | null | undefined;
  /** Only these types, such as `terminal.written`. */
  types?: Array<string> | null | undefined;
};

/** From the first to the last, both included. */
export type IntRange = {
  /** This or more. */
  from?: number | null | undefined;
  /** This or less. */
  to?: number | null | undefined;
};

/** From the first to the last, both included. */
export type LongRange = {
  /** This or more. */
  from?: number | null | undefined;
  /** This or less. */
  to?: number | null | undefined;
};

/** What kind of thing happened at a moment. */
export type MomentKind =
  /** A large part of a recorded screen changed at once. Has no text. */
  | 'CHANGE'
  /** A text that was copied into or out of the session. */
  | 'CLIPBOARD'
  /** A command line, as the screen showed it when it was sent off. */
  | 'COMMAND'
  /** A file that was transferred: its name. */
  | 'FILE'
  /** A run of keys, as typed. */
  | 'KEYS'
  /** A marker that was set. */
  | 'MARKER'
  /** A message that was sent to the person in the session. */
  | 'MESSAGE'
  /** A process that was started: its path and arguments. */
  | 'PROCESS'
  /** A line of the screen, once it stood still. */
  | 'SCREEN'
  /** A window that came to the front: its title. */
  | 'WINDOW';

/** How far something that is built is. */
export type ProcessingState =
  /** It is there. */
  | 'COMPLETED'
  /** It could not be built. */
  | 'FAILED'
  /** Somebody asked for it. */
  | 'REQUESTED'
  /** A node works on it. */
  | 'WORKING';

/** What is built. */
export type ProductKind =
  /** A video that all browsers play. */
  | 'MP4'
  /** Small pictures along the timeline, and how much of the screen changed when. */
  | 'THUMBNAILS'
  /** Video of pictures that were captured one by one: screenshots, Guacamole dumps. */
  | 'VIDEO';

/**
 * Where to search: all conditions that are given must hold. A list holds where one of its values does. Names are
 * compared letter for letter.
 */
export type SearchFilter = {
  /** All of these hold, too. */
  and?: Array<SearchFilter> | null | undefined;
  /** Programs. */
  apps?: Array<string> | null | undefined;
  /** When the moment was. */
  at?: TimeRange | null | undefined;
  /** Directories that commands ran in. */
  cwd?: Array<string> | null | undefined;
  /** How long a command or process ran, in milliseconds. */
  durationMs?: LongRange | null | undefined;
  /** With which status a command or process ended. */
  exitStatus?: IntRange | null | undefined;
  /** The secret lies in one of these folders, or below. */
  folders?: Array<string> | null | undefined;
  /** Groups of the user. */
  groups?: Array<string> | null | undefined;
  /** Moments of sessions on this host. */
  host?: string | null | undefined;
  /** Moments of sessions on one of these hosts. */
  hosts?: Array<string> | null | undefined;
  /** Moments of one of these kinds. */
  kinds?: Array<MomentKind> | null | undefined;
  /** Moments of sessions that one of these opened. */
  launchers?: Array<string> | null | undefined;
  /** None of these holds. */
  not?: Array<SearchFilter> | null | undefined;
  /** One of these holds, too. */
  or?: Array<SearchFilter> | null | undefined;
  /** Moments of sessions of one of these protocols. */
  protocols?: Array<string> | null | undefined;
  /** Search across these: kinds of moments, by where their text comes from. */
  searchIn?: Array<SearchSource> | null | undefined;
  /** Moments of sessions that use one of these secrets. */
  secrets?: Array<string> | null | undefined;
  /** Moments of this session. */
  session?: string | number | null | undefined;
  /** Moments of one of these sessions. */
  sessions?: Array<string | number> | null | undefined;
  /** Moments of sessions of one of these sites. */
  sites?: Array<string> | null | undefined;
  /** When the session started. */
  started?: TimeRange | null | undefined;
  /** Moments of sessions that started at this time or later. */
  startedFrom?: string | null | undefined;
  /** Moments of sessions that started before this time. */
  startedTo?: string | null | undefined;
  /** Moments of sessions that reach one of these targets. */
  targets?: Array<string> | null | undefined;
  /** Beside it, in the language of the search box. */
  text?: string | null | undefined;
  /** The zone that days in texts, and days of facets, are of: `Europe/Berlin` or `+02:00`. UTC when none is given. */
  timeZone?: string | null | undefined;
  /** Moments of sessions of this user. */
  user?: string | null | undefined;
  /** Moments of sessions of one of these users. */
  users?: Array<string> | null | undefined;
};

/** The order of hits. */
export type SearchOrder =
  /** The latest moment first. */
  | 'NEWEST'
  /** The best match first. */
  | 'RELEVANCE';

/** What a moment's text comes from. */
export type SearchSource =
  /** Kinds PROCESS and WINDOW. */
  | 'APPLICATION_NAMES'
  /** What went through a proxy or a terminal: kinds SCREEN, KEYS and COMMAND. */
  | 'CLIENT_DATA'
  /** Kind CLIPBOARD. */
  | 'CLIPBOARD'
  /** Kind FILE. */
  | 'FILE_NAMES'
  /** Kind KEYS. */
  | 'KEYSTROKES'
  /** Kinds MARKER and MESSAGE. */
  | 'NOTES';

/** Which sessions are wanted: all conditions that are given must hold. */
export type SessionFilter = {
  /** Who has it to review. */
  assignee?: string | null | undefined;
  /** The folder of the secret, or one that it lies in. */
  folder?: string | null | undefined;
  /** A group of the user. */
  group?: string | null | undefined;
  /** Whether parts of the recording are missing, or show less than they should. */
  hasGaps?: boolean | null | undefined;
  /** The host, exactly. */
  host?: string | null | undefined;
  /** Whether it waits in the review queue: chosen for it, ended and not reviewed. */
  inReviewQueue?: boolean | null | undefined;
  /** The launcher, exactly. */
  launcher?: string | null | undefined;
  /** The policy, exactly. */
  policy?: string | null | undefined;
  /** The protocol, exactly. */
  protocol?: string | null | undefined;
  /** Whether anything of it was recorded: output, keys, pictures. */
  recorded?: boolean | null | undefined;
  /** Whether it was reviewed. */
  reviewed?: boolean | null | undefined;
  /** The secret, exactly. */
  secret?: string | null | undefined;
  /** The site, exactly. */
  site?: string | null | undefined;
  /** Started at this time or later. */
  startedFrom?: string | null | undefined;
  /** Started before this time. */
  startedTo?: string | null | undefined;
  /** Whether it goes on. */
  state?: SessionState | null | undefined;
  /** The target, exactly. */
  target?: string | null | undefined;
  /** Words that must all occur in title, user, host, command or file name. */
  text?: string | null | undefined;
  /** The user, exactly. */
  user?: string | null | undefined;
};

/** The order of sessions. */
export type SessionOrder =
  /** The longest first. */
  | 'DURATION_DESC'
  /** The last one taken in first. */
  | 'RECORDED_DESC'
  /** The earliest start first. */
  | 'STARTED_ASC'
  /** The latest start first. */
  | 'STARTED_DESC';

/** Whether a session goes on. */
export type SessionState =
  /** It has not ended yet, as far as the log knows. */
  | 'ACTIVE'
  /** It has ended. */
  | 'ENDED';

/** From a time on, and before another. */
export type TimeRange = {
  /** At this time or later. */
  from?: string | null | undefined;
  /** Before this time. */
  to?: string | null | undefined;
};

/** What is asked for as video. */
export type VideoKind =
  /** A video that all browsers play. */
  | 'MP4'
  /** Thumbnails and changes of the screen, once more: only what failed has to be asked for. */
  | 'THUMBNAILS'
  /** Video of pictures that were captured one by one, once more: only what failed has to be asked for. */
  | 'VIDEO';

export type LogHeadQueryVariables = Exact<{ [key: string]: never; }>;


export type LogHeadQuery = { log: { size: string, rootHash: string, checkpoint: string, verifierKey: string, projections: Array<{ name: string, lag: string }> } };

export type LogEventsQueryVariables = Exact<{
  after?: string | null | undefined;
  filter?: EventFilter | null | undefined;
  first: number;
}>;


export type LogEventsQuery = { events: { readTo: string | null, pageInfo: { hasNextPage: boolean }, nodes: Array<{ position: string, type: string, stream: string, session: string | null, version: number, at: string, recordedAt: string, leaf: string, leafHash: string }> } };

export type InclusionProofQueryVariables = Exact<{
  position: string;
  size: string;
}>;


export type InclusionProofQuery = { log: { inclusionProof: Array<string> } };

export type SessionQueryVariables = Exact<{
  id: string | number;
}>;


export type SessionQuery = { session: { id: string, title: string | null, user: string | null, host: string | null, command: string | null, protocol: string | null, target: string | null, state: SessionState, startedAt: string, endedAt: string | null, durationMs: number, recordedAt: string, endReason: EndReason | null, exitStatus: number | null, asciicastUrl: string | null, streams: Array<string>, recording: { name: string, format: string, bytes: number, sha256: string, idleLimitMs: number | null } | null, terminal: { columns: number, rows: number } | null, counts: { events: number, outputBytes: number, keys: number, markers: number }, activityMap: { bucketMs: number, durationMs: number, series: Array<{ kind: ActivityKind, values: Array<number>, max: number }> }, markers: Array<{ offsetMs: number, label: string }>, changes: Array<{ offsetMs: number, label: string }>, idleStretches: Array<{ fromMs: number, toMs: number }> } | null };

export type ScreenQueryVariables = Exact<{
  id: string | number;
  atMs: number;
}>;


export type ScreenQuery = { session: { screen: { lines: Array<string> } | null } | null };

export type TimelineQueryVariables = Exact<{
  id: string | number;
  kinds?: Array<MomentKind> | MomentKind | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type TimelineQuery = { session: { timeline: { pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, kind: MomentKind, offsetMs: number, startMs: number, text: string }> } } | null };

export type SearchQueryVariables = Exact<{
  text: string;
  filter?: SearchFilter | null | undefined;
  orderBy: SearchOrder;
  first: number;
  after?: string | null | undefined;
}>;


export type SearchQuery = { search: { totalCount: number, tookMs: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, edges: Array<{ cursor: string, node: { kind: MomentKind, offsetMs: number, at: string, snippet: { runs: Array<{ text: string, match: boolean }> }, session: { id: string, title: string | null, user: string | null, host: string | null, recording: { name: string } | null } } }> } };

export type SessionsQueryVariables = Exact<{
  filter?: SessionFilter | null | undefined;
  orderBy: SessionOrder;
  first: number;
  after?: string | null | undefined;
}>;


export type SessionsQuery = { sessions: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, title: string | null, user: string | null, host: string | null, command: string | null, protocol: string | null, state: SessionState, startedAt: string, durationMs: number, recording: { name: string, format: string, bytes: number } | null }> } };

export type SessionRowFragment = { id: string, title: string | null, user: string | null, host: string | null, command: string | null, protocol: string | null, state: SessionState, startedAt: string, durationMs: number, recording: { name: string, format: string, bytes: number } | null };

export type FacetsQueryVariables = Exact<{ [key: string]: never; }>;


export type FacetsQuery = { facets: { users: Array<{ value: string, count: number }>, hosts: Array<{ value: string, count: number }>, protocols: Array<{ value: string, count: number }> } };

export type MediaQueryVariables = Exact<{
  id: string | number;
}>;


export type MediaQuery = { session: { state: SessionState, asciicastUrl: string | null, media: { clipsZipUrl: string | null, video: { url: string, codec: string, width: number, height: number, startMs: number, durationMs: number, bytes: number, isLive: boolean } | null, clips: Array<{ number: number, url: string, source: string, codec: string, width: number, height: number, startMs: number, endMs: number, bytes: number }>, products: Array<{ kind: ProductKind, state: ProcessingState, progressPermille: number | null, changedAt: string, reason: string | null, url: string | null, bytes: number | null, durationMs: number | null, startMs: number }>, problems: Array<{ startMs: number, mediaType: string, problem: string, url: string }> } } | null };

export type ThumbnailsQueryVariables = Exact<{
  id: string | number;
}>;


export type ThumbnailsQuery = { session: { media: { thumbnails: Array<{ url: string, columns: number, tileWidth: number, tileHeight: number, timesMs: Array<number> }> } } | null };

export type RequestVideoMutationVariables = Exact<{
  session: string | number;
  kind: VideoKind;
}>;


export type RequestVideoMutation = { requestVideo: boolean };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const SessionRowFragmentDoc = new TypedDocumentString(`
    fragment SessionRow on Session {
  id
  title
  user
  host
  command
  protocol
  state
  startedAt
  durationMs
  recording {
    name
    format
    bytes
  }
}
    `, {"fragmentName":"SessionRow"}) as unknown as TypedDocumentString<SessionRowFragment, unknown>;
export const LogHeadDocument = new TypedDocumentString(`
    query LogHead {
  log {
    size
    rootHash
    checkpoint
    verifierKey
    projections {
      name
      lag
    }
  }
}
    `) as unknown as TypedDocumentString<LogHeadQuery, LogHeadQueryVariables>;
export const LogEventsDocument = new TypedDocumentString(`
    query LogEvents($after: Position, $filter: EventFilter, $first: Int!) {
  events(after: $after, filter: $filter, first: $first) {
    readTo
    pageInfo {
      hasNextPage
    }
    nodes {
      position
      type
      stream
      session
      version
      at
      recordedAt
      leaf
      leafHash
    }
  }
}
    `) as unknown as TypedDocumentString<LogEventsQuery, LogEventsQueryVariables>;
export const InclusionProofDocument = new TypedDocumentString(`
    query InclusionProof($position: Position!, $size: Position!) {
  log {
    inclusionProof(position: $position, size: $size)
  }
}
    `) as unknown as TypedDocumentString<InclusionProofQuery, InclusionProofQueryVariables>;
export const SessionDocument = new TypedDocumentString(`
    query Session($id: ID!) {
  session(id: $id) {
    id
    title
    user
    host
    command
    protocol
    target
    state
    startedAt
    endedAt
    durationMs
    recordedAt
    endReason
    exitStatus
    asciicastUrl
    streams
    recording {
      name
      format
      bytes
      sha256
      idleLimitMs
    }
    terminal {
      columns
      rows
    }
    counts {
      events
      outputBytes
      keys
      markers
    }
    activityMap(buckets: 240) {
      bucketMs
      durationMs
      series {
        kind
        values
        max
      }
    }
    markers: seekPoints(kinds: [MARKER], first: 100) {
      offsetMs
      label
    }
    changes: seekPoints(kinds: [CHANGE], first: 100) {
      offsetMs
      label
    }
    idleStretches(atLeastMs: 5000) {
      fromMs
      toMs
    }
  }
}
    `) as unknown as TypedDocumentString<SessionQuery, SessionQueryVariables>;
export const ScreenDocument = new TypedDocumentString(`
    query Screen($id: ID!, $atMs: Long!) {
  session(id: $id) {
    screen(atMs: $atMs) {
      lines
    }
  }
}
    `) as unknown as TypedDocumentString<ScreenQuery, ScreenQueryVariables>;
export const TimelineDocument = new TypedDocumentString(`
    query Timeline($id: ID!, $kinds: [MomentKind!], $first: Int!, $after: String) {
  session(id: $id) {
    timeline(kinds: $kinds, first: $first, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        kind
        offsetMs
        startMs
        text
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TimelineQuery, TimelineQueryVariables>;
export const SearchDocument = new TypedDocumentString(`
    query Search($text: String!, $filter: SearchFilter, $orderBy: SearchOrder!, $first: Int!, $after: String) {
  search(
    text: $text
    filter: $filter
    orderBy: $orderBy
    first: $first
    after: $after
  ) {
    totalCount
    tookMs
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      cursor
      node {
        kind
        offsetMs
        at
        snippet {
          runs {
            text
            match
          }
        }
        session {
          id
          title
          user
          host
          recording {
            name
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SearchQuery, SearchQueryVariables>;
export const SessionsDocument = new TypedDocumentString(`
    query Sessions($filter: SessionFilter, $orderBy: SessionOrder!, $first: Int!, $after: String) {
  sessions(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      ...SessionRow
    }
  }
}
    fragment SessionRow on Session {
  id
  title
  user
  host
  command
  protocol
  state
  startedAt
  durationMs
  recording {
    name
    format
    bytes
  }
}`) as unknown as TypedDocumentString<SessionsQuery, SessionsQueryVariables>;
export const FacetsDocument = new TypedDocumentString(`
    query Facets {
  facets {
    users {
      value
      count
    }
    hosts {
      value
      count
    }
    protocols {
      value
      count
    }
  }
}
    `) as unknown as TypedDocumentString<FacetsQuery, FacetsQueryVariables>;
export const MediaDocument = new TypedDocumentString(`
    query Media($id: ID!) {
  session(id: $id) {
    state
    asciicastUrl
    media {
      video {
        url
        codec
        width
        height
        startMs
        durationMs
        bytes
        isLive
      }
      clips {
        number
        url
        source
        codec
        width
        height
        startMs
        endMs
        bytes
      }
      clipsZipUrl
      products {
        kind
        state
        progressPermille
        changedAt
        reason
        url
        bytes
        durationMs
        startMs
      }
      problems {
        startMs
        mediaType
        problem
        url
      }
    }
  }
}
    `) as unknown as TypedDocumentString<MediaQuery, MediaQueryVariables>;
export const ThumbnailsDocument = new TypedDocumentString(`
    query Thumbnails($id: ID!) {
  session(id: $id) {
    media {
      thumbnails {
        url
        columns
        tileWidth
        tileHeight
        timesMs
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ThumbnailsQuery, ThumbnailsQueryVariables>;
export const RequestVideoDocument = new TypedDocumentString(`
    mutation RequestVideo($session: ID!, $kind: VideoKind!) {
  requestVideo(session: $session, kind: $kind)
}
    `) as unknown as TypedDocumentString<RequestVideoMutation, RequestVideoMutationVariables>;