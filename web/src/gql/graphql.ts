/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** One thing that somebody may do. */
export type AccessRight =
  /** Change settings. */
  | 'CHANGE_SETTINGS'
  /** Terminate them, send messages into them, change the policy in force. */
  | 'CONTROL'
  /** Put them on legal hold, and lift it. */
  | 'HOLD'
  /** Make and revoke tokens and grants. */
  | 'MANAGE_ACCESS'
  /** Purge them: destroy what was recorded. */
  | 'PURGE'
  /** Read the log as a whole: exports, streams for a SIEM. */
  | 'READ_LOG'
  /** Redact spans of them. */
  | 'REDACT'
  /** See what is redacted in them, on request. */
  | 'REVEAL'
  /** Mark them as reviewed, comment on them, assign them. */
  | 'REVIEW'
  /** See what happened in them: play, read, search, download. */
  | 'VIEW_RECORDINGS'
  /** See that sessions took place: who, when, where, how long; and who looked at them. */
  | 'VIEW_SESSIONS'
  /** See settings, tokens, grants and what was done with them. */
  | 'VIEW_SETTINGS';

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

/** What of a span is hidden. */
export type Concealed =
  /** Everything. */
  | 'ALL'
  /** What was typed. */
  | 'KEYS'
  /** What was to be seen, on terminals and in video. */
  | 'SCREEN';

/** A token that is to be made. */
export type CreateTokenInput = {
  /** When it stops to work, if ever. */
  expiresAt?: string | null | undefined;
  /** What it is for, or whose it is: 1 to 100 characters. */
  name: string;
  /** What it opens. */
  role: Role;
  /** The sessions that it is about; without it, all. */
  scope?: ScopeInput | null | undefined;
  /** The one site that a recorder's works for. */
  site?: string | null | undefined;
  /** The user whose sessions are the holder's own. */
  user?: string | null | undefined;
};

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

/** By what hits are counted. */
export type FacetKind =
  /** Programs. */
  | 'APP'
  /** Groups of users. */
  | 'GROUP'
  /** Hosts. */
  | 'HOST'
  /** Kinds of moments. */
  | 'KIND'
  /** Launchers. */
  | 'LAUNCHER'
  /** Protocols. */
  | 'PROTOCOL'
  /** Sites. */
  | 'SITE'
  /** Targets. */
  | 'TARGET'
  /** Users. */
  | 'USER';

/** A grant that is to be given. */
export type GiveGrantInput = {
  /** When it ends by itself, if ever. */
  expiresAt?: string | null | undefined;
  /** Why: 1 to 2,000 characters. */
  reason?: string | null | undefined;
  /** What they may do. */
  role: Role;
  /** With which sessions; without it, all. */
  scope?: ScopeInput | null | undefined;
  /** To whom: `user:NAME` or `group:NAME`, by the names that the provider of identities tells. */
  to: string;
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

/** What is to be hidden. */
export type NewRedaction = {
  /** Where it begins, in milliseconds from the start of the session. */
  fromMs: number;
  /** Why. */
  reason: string;
  /** The session. */
  session: string | number;
  /** Where it ends, which is behind its beginning. */
  toMs: number;
  /** What is hidden in it. */
  what?: Concealed;
};

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

/** What is asked of a report. */
export type ReportInput = {
  /** As of this position of the log; without it, as of now. */
  at?: string | null | undefined;
  /** What happened at this time or later; without it, from the beginning. */
  from?: string | null | undefined;
  /** Parameters that are not to have their default. */
  parameters?: Array<ReportParameterInput> | null | undefined;
  /** What happened before this time; without it, to the last event. */
  to?: string | null | undefined;
};

/** A parameter with its value. */
export type ReportParameterInput = {
  /** Its name. */
  name: string;
  /** Its value. */
  value: string;
};

/** How long a period is. */
export type ReportPeriod =
  /** From midnight to midnight. */
  | 'DAY'
  /** A month of the calendar. */
  | 'MONTH'
  /** Three months: from January, April, July or October on. */
  | 'QUARTER'
  /** From Monday to Sunday. */
  | 'WEEK';

/** A schedule that is to be. */
export type ReportScheduleInput = {
  /** The period that each run is about. */
  every: ReportPeriod;
  /** Where its files are written: a path below the folder that the server allows for exports. Without it, none are. */
  folder?: string | null | undefined;
  /** The formats of its files: `pdf`, `csv`, `xlsx`, `json`, `html`. */
  formats?: Array<string> | null | undefined;
  /** A day of the first period, such as `2026-01-01`; today when it is not said. */
  from?: string | null | undefined;
  /** The hour of the day after the period at which it is run: 0 to 23, 6 when it is not said. */
  hour?: number | null | undefined;
  /** Its name: 1 to 64 of `a-z 0-9 - _`, starting with a letter. One that is there is changed. */
  name: string;
  /** Parameters of the report that are not to have their default. */
  parameters?: Array<ReportParameterInput> | null | undefined;
  /** Which report. */
  report: string;
  /** The time zone that days begin in, such as `Europe/Berlin`; UTC when it is not said. */
  zone?: string | null | undefined;
};

/** What a token or a grant is for: some rights together. */
export type Role =
  /** Everything that people do. */
  | 'ADMIN'
  /** Looks at sessions and recordings, reviews them, and sees how the server is set up. */
  | 'AUDITOR'
  /** Sees which sessions took place, and no recordings. */
  | 'HISTORY'
  /** Sees which sessions there are, and rules over those that go on. Sees no recordings. */
  | 'OPERATOR'
  /** Sees their own sessions, and the recordings of them. */
  | 'OWN'
  /** Launches sessions, and nothing else. */
  | 'RECORDER'
  /** Shows what is redacted, to somebody who may see the rest. */
  | 'REVEALER'
  /** Reads the log as a whole, for a SIEM. */
  | 'SIEM'
  /** Uploads to one session, and nothing else. */
  | 'UPLOAD';

/** Some sessions: those for which every condition that is set holds; without any, all. */
export type ScopeInput = {
  /** The secret lies in one of these folders, or below one. */
  folders?: Array<string>;
  /** They started at this time or later. */
  from?: string | null | undefined;
  /** Their user is in one of these groups. */
  groups?: Array<string>;
  /** They were recorded at one of these sites. */
  sites?: Array<string>;
  /** They reach one of these targets. */
  targets?: Array<string>;
  /** They started before this time. */
  to?: string | null | undefined;
};

/** The order of hits. */
export type SearchOrder =
  /** The latest moment first. */
  | 'NEWEST'
  /** The earliest moment first. Of sessions that are found, the one with the earliest hit. */
  | 'OLDEST'
  /** The best match first. */
  | 'RELEVANCE';

/** What became of a session that goes on. */
export type SessionChangeKind =
  /** It began. */
  | 'BEGAN'
  /** Something happened in it. */
  | 'CHANGED'
  /** It ended. */
  | 'ENDED'
  /** It goes on since before somebody asked. */
  | 'PRESENT';

/** What can be asked of the recorder of a session. */
export type SessionControlKind =
  /** To show a message. */
  | 'MESSAGE'
  /** To follow another policy. */
  | 'POLICY'
  /** To end the session. */
  | 'TERMINATE';

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
  /** Whether a legal hold is on it. */
  onHold?: boolean | null | undefined;
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

/** What is suggested. */
export type SuggestionKind =
  /** The name of a field. */
  | 'FIELD'
  /** A value of a field. */
  | 'VALUE';

/** Which acts are wanted: all conditions that are given must hold. */
export type TrailFilter = {
  /** By one of these people: names of users, or of tokens. */
  by?: Array<string> | null | undefined;
  /** At this time or later, by the server's clock. */
  from?: string | null | undefined;
  /** With this session. */
  session?: string | number | null | undefined;
  /** Before this time. */
  to?: string | null | undefined;
  /** Of one of these types, such as `config.changed`. */
  types?: Array<string> | null | undefined;
};

/** What is asked for as video. */
export type VideoKind =
  /** A video that all browsers play. */
  | 'MP4'
  /** Thumbnails and changes of the screen, once more: only what failed has to be asked for. */
  | 'THUMBNAILS'
  /** Video of pictures that were captured one by one, once more: only what failed has to be asked for. */
  | 'VIDEO';

export type ScopeFieldsFragment = { folders: Array<string>, from: string | null, groups: Array<string>, own: boolean, sites: Array<string>, targets: Array<string>, to: string | null };

export type RolesQueryVariables = Exact<{ [key: string]: never; }>;


export type RolesQuery = { roles: Array<{ role: Role, rights: Array<AccessRight>, isForPeople: boolean }> };

export type GrantsQueryVariables = Exact<{
  asOfTime?: string | null | undefined;
}>;


export type GrantsQuery = { grants: Array<{ id: string, to: string, role: Role, givenAt: string, by: string, reason: string | null, expiresAt: string | null, scope: { folders: Array<string>, from: string | null, groups: Array<string>, own: boolean, sites: Array<string>, targets: Array<string>, to: string | null } }> };

export type GiveGrantMutationVariables = Exact<{
  input: GiveGrantInput;
}>;


export type GiveGrantMutation = { giveGrant: { id: string } };

export type WithdrawGrantMutationVariables = Exact<{
  id: string | number;
  reason?: string | null | undefined;
}>;


export type WithdrawGrantMutation = { withdrawGrant: { id: string } };

export type RightsOfQueryVariables = Exact<{
  user: string;
  groups: Array<string> | string;
}>;


export type RightsOfQuery = { rightsOf: { rights: Array<AccessRight>, sessions: number, grants: Array<{ role: Role, scope: { folders: Array<string>, from: string | null, groups: Array<string>, own: boolean, sites: Array<string>, targets: Array<string>, to: string | null } }> } };

export type BrowsersQueryVariables = Exact<{ [key: string]: never; }>;


export type BrowsersQuery = { browsers: Array<{ id: string, who: string, address: string | null, isThis: boolean, signedInAt: string, expiresAt: string, token: string | null }> };

export type SignOutBrowserMutationVariables = Exact<{
  id: string | number;
}>;


export type SignOutBrowserMutation = { signOutBrowser: boolean };

export type TokensQueryVariables = Exact<{ [key: string]: never; }>;


export type TokensQuery = { tokens: Array<{ id: string, prefix: string, name: string, role: Role, user: string | null, site: string | null, createdBy: string, createdAt: string, expiresAt: string | null, revokedAt: string | null, lastUsedAt: string | null, lastUsedFrom: string | null, scope: { folders: Array<string>, from: string | null, groups: Array<string>, own: boolean, sites: Array<string>, targets: Array<string>, to: string | null } }> };

export type CreateTokenMutationVariables = Exact<{
  input: CreateTokenInput;
}>;


export type CreateTokenMutation = { createToken: { text: string, token: { id: string, name: string } } };

export type RevokeTokenMutationVariables = Exact<{
  id: string | number;
}>;


export type RevokeTokenMutation = { revokeToken: { id: string } };

export type ViewerRightsQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerRightsQuery = { viewer: { everywhere: Array<AccessRight>, somewhere: Array<AccessRight> } };

export type EvidenceQueryVariables = Exact<{
  id: string | number;
}>;


export type EvidenceQuery = { session: { id: string, title: string | null, user: string | null, host: string | null, command: string | null, state: SessionState, startedAt: string, endedAt: string | null, durationMs: number, recordedAt: string, gaps: number, rights: Array<AccessRight>, recording: { name: string } | null, counts: { events: number, outputBytes: number, keys: number }, recordingGaps: Array<{ fromMs: number, toMs: number | null, channel: string | null, reason: string, source: string | null }>, media: { clips: Array<{ startMs: number, endMs: number }> } } | null, log: { size: string, rootHash: string, checkpoint: string, verifierKey: string } };

export type ConsistencyProofQueryVariables = Exact<{
  old: string;
  new: string;
}>;


export type ConsistencyProofQuery = { log: { consistencyProof: Array<string> } };

export type SessionAccessesQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type SessionAccessesQuery = { session: { accesses: { pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, type: string, at: string, by: string, address: string | null, reason: string | null, what: Array<string>, looks: number | null }> } } | null };

export type HealthQueryVariables = Exact<{ [key: string]: never; }>;


export type HealthQuery = { health: { at: string, version: string, logSize: string, checkpointAt: string | null, freeSpaceMin: number, projections: Array<{ name: string, checkpoint: string, lag: number, lagSeconds: number, problem: string | null }>, videos: { requested: number, working: number, failed: number }, disk: { free: number, total: number, log: number | null, blobs: number | null, readModels: number | null } | null }, sessions: { totalCount: number, nodes: Array<{ id: string, title: string | null, user: string | null, host: string | null, command: string | null, lastActivityAt: string, recording: { name: string } | null }> } };

export type RetryFailedVideosMutationVariables = Exact<{ [key: string]: never; }>;


export type RetryFailedVideosMutation = { retryFailedVideos: number };

export type LiveEventsSubscriptionVariables = Exact<{
  session: string | number;
  types?: Array<string> | string | null | undefined;
  after?: string | null | undefined;
}>;


export type LiveEventsSubscription = { events: { readTo: string | null, nodes: Array<{ position: string, type: string, at: string, recordedAt: string, data: unknown, redacted: boolean }> } };

export type LiveMomentsSubscriptionVariables = Exact<{
  session: string | number;
  kinds?: Array<MomentKind> | MomentKind | null | undefined;
  after?: string | number | null | undefined;
}>;


export type LiveMomentsSubscription = { sessionMoments: Array<{ id: string, kind: MomentKind, offsetMs: number, startMs: number, at: string, text: string, redacted: boolean, app: string | null, cwd: string | null, exitStatus: number | null, durationMs: number | null }> };

export type SessionControlQueryVariables = Exact<{
  id: string | number;
}>;


export type SessionControlQuery = { session: { id: string, state: SessionState, title: string | null, command: string | null, user: string | null, host: string | null, startedAt: string, rights: Array<AccessRight>, onHold: boolean, keptUntil: string | null, policyInForce: { name: string, recordKeys: boolean, recordingRequired: boolean, endWhenUnreachableSeconds: number | null, maxLengthSeconds: number | null, inactivitySeconds: number | null, idleWarningSeconds: number | null } | null, controls: Array<{ position: string, at: string, kind: SessionControlKind, by: string, reason: string | null, text: string | null, isDelivered: boolean, policy: { recordKeys: boolean | null, endWhenUnreachableSeconds: number | null, maxLengthSeconds: number | null, inactivitySeconds: number | null, idleWarningSeconds: number | null } | null, answer: { at: string, done: boolean, detail: string | null, source: string } | null }>, holds: Array<{ matter: string, at: string, by: string, reason: string }> } | null };

export type SendMessageMutationVariables = Exact<{
  session: string | number;
  text: string;
  reason?: string | null | undefined;
}>;


export type SendMessageMutation = { sendMessage: { position: string } };

export type TerminateSessionMutationVariables = Exact<{
  session: string | number;
  reason?: string | null | undefined;
}>;


export type TerminateSessionMutation = { terminateSession: { position: string } };

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


export type SessionQuery = { session: { id: string, title: string | null, user: string | null, host: string | null, command: string | null, protocol: string | null, target: string | null, state: SessionState, startedAt: string, endedAt: string | null, durationMs: number, recordedAt: string, endReason: EndReason | null, exitStatus: number | null, asciicastUrl: string | null, rights: Array<AccessRight>, streams: Array<string>, gaps: number, onHold: boolean, keptUntil: string | null, recording: { name: string, format: string, bytes: number, sha256: string, idleLimitMs: number | null } | null, terminal: { columns: number, rows: number } | null, counts: { events: number, outputBytes: number, keys: number, markers: number }, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number }, redactions: Array<{ id: string, fromMs: number, toMs: number, what: Concealed, by: string, reason: string, rule: string | null, liftedBy: string | null, liftedReason: string | null }>, momentMap: { series: Array<{ kind: MomentKind, values: Array<number> }> }, activityMap: { bucketMs: number, durationMs: number, series: Array<{ kind: ActivityKind, values: Array<number>, max: number }> }, markers: Array<{ offsetMs: number, label: string }>, messages: Array<{ offsetMs: number, label: string }>, changes: Array<{ offsetMs: number, label: string }>, idleStretches: Array<{ fromMs: number, toMs: number }>, holds: Array<{ matter: string, at: string, by: string, reason: string }> } | null };

export type ScreenQueryVariables = Exact<{
  id: string | number;
  atMs: number;
}>;


export type ScreenQuery = { session: { screen: { lines: Array<string> } | null } | null };

export type TimelineQueryVariables = Exact<{
  id: string | number;
  kinds?: Array<MomentKind> | MomentKind | null | undefined;
  fromMs?: number | null | undefined;
  toMs?: number | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}>;


export type TimelineQuery = { session: { timeline: { pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null }, nodes: Array<{ id: string, kind: MomentKind, offsetMs: number, startMs: number, at: string, text: string, redacted: boolean, app: string | null, cwd: string | null, exitStatus: number | null, durationMs: number | null }> } } | null };

export type FindInSessionQueryVariables = Exact<{
  text: string;
  session: string | number;
  kinds?: Array<MomentKind> | MomentKind | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type FindInSessionQuery = { search: { totalCount: number, totalIsExact: boolean, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ offsetMs: number, snippet: { runs: Array<{ text: string, match: boolean }> }, moment: { id: string, kind: MomentKind, offsetMs: number, startMs: number, at: string, text: string, redacted: boolean, app: string | null, cwd: string | null, exitStatus: number | null, durationMs: number | null } }> } };

export type MomentFragment = { id: string, kind: MomentKind, offsetMs: number, startMs: number, at: string, text: string, redacted: boolean, app: string | null, cwd: string | null, exitStatus: number | null, durationMs: number | null };

export type MomentDetailQueryVariables = Exact<{
  id: string | number;
  event: string | number;
  untilMs: number;
}>;


export type MomentDetailQuery = { node:
    | { position: string, type: string, source: string | null, data: unknown, redacted: boolean }
    | Record<PropertyKey, never>
   | null, session: { window: { nodes: Array<{ text: string, app: string | null }> } } | null };

export type NowQueryVariables = Exact<{
  id: string | number;
  fromMs: number;
  toMs: number;
}>;


export type NowQuery = { session: { window: { nodes: Array<{ id: string, kind: MomentKind, offsetMs: number, startMs: number, at: string, text: string, redacted: boolean, app: string | null, cwd: string | null, exitStatus: number | null, durationMs: number | null }> }, running: { nodes: Array<{ id: string, kind: MomentKind, offsetMs: number, startMs: number, at: string, text: string, redacted: boolean, app: string | null, cwd: string | null, exitStatus: number | null, durationMs: number | null }> }, within: { nodes: Array<{ id: string, kind: MomentKind, offsetMs: number, startMs: number, at: string, text: string, redacted: boolean, app: string | null, cwd: string | null, exitStatus: number | null, durationMs: number | null }> } } | null };

export type ViewRecordingMutationVariables = Exact<{
  session: string | number;
  reason: string;
}>;


export type ViewRecordingMutation = { viewRecording: boolean };

export type RevealCheckQueryVariables = Exact<{
  id: string | number;
}>;


export type RevealCheckQuery = { session: { timeline: { nodes: Array<{ id: string }> } } | null };

export type GapsQueryVariables = Exact<{
  id: string | number;
}>;


export type GapsQuery = { session: { recordingGaps: Array<{ fromMs: number, toMs: number | null, channel: string | null, reason: string }> } | null };

export type RedactMutationVariables = Exact<{
  redaction: NewRedaction;
}>;


export type RedactMutation = { redact: string };

export type LiftRedactionMutationVariables = Exact<{
  session: string | number;
  id: string | number;
  reason: string;
}>;


export type LiftRedactionMutation = { liftRedaction: boolean };

export type ReportsQueryVariables = Exact<{ [key: string]: never; }>;


export type ReportsQuery = { reports: Array<{ name: string, title: string, answers: string, allowed: boolean, parameters: Array<{ name: string, title: string, expected: string, default: string }>, columns: Array<{ name: string, title: string, numeric: boolean }>, supports: Array<{ framework: string, id: string, about: string }> }> };

export type RunReportQueryVariables = Exact<{
  name: string;
  input: ReportInput;
}>;


export type RunReportQuery = { report: { from: string | null, to: string, rows: Array<Array<string>>, rowCount: number, position: string, partial: boolean, definition: { name: string, title: string, answers: string, allowed: boolean, parameters: Array<{ name: string, title: string, expected: string, default: string }>, columns: Array<{ name: string, title: string, numeric: boolean }>, supports: Array<{ framework: string, id: string, about: string }> }, charts: Array<{ title: string, bars: Array<{ of: string, count: number }> }> } };

export type ReportAboutFragment = { name: string, title: string, answers: string, allowed: boolean, parameters: Array<{ name: string, title: string, expected: string, default: string }>, columns: Array<{ name: string, title: string, numeric: boolean }>, supports: Array<{ framework: string, id: string, about: string }> };

export type ReportSchedulesQueryVariables = Exact<{ [key: string]: never; }>;


export type ReportSchedulesQuery = { reportSchedules: Array<{ name: string, parameters: unknown, every: ReportPeriod, hour: number, zone: string, folder: string | null, formats: Array<string>, setBy: string, setAt: string, lastError: string | null, report: { name: string, title: string }, next: { from: string, to: string, due: string } | null, runs: Array<{ at: string, from: string, to: string, position: string, rows: number, files: Array<string> }> }> };

export type ScheduleReportMutationVariables = Exact<{
  input: ReportScheduleInput;
}>;


export type ScheduleReportMutation = { scheduleReport: { name: string } };

export type UnscheduleReportMutationVariables = Exact<{
  name: string;
}>;


export type UnscheduleReportMutation = { unscheduleReport: { name: string } };

export type ReportScheduleAboutFragment = { name: string, parameters: unknown, every: ReportPeriod, hour: number, zone: string, folder: string | null, formats: Array<string>, setBy: string, setAt: string, lastError: string | null, report: { name: string, title: string }, next: { from: string, to: string, due: string } | null, runs: Array<{ at: string, from: string, to: string, position: string, rows: number, files: Array<string> }> };

export type SessionRetentionFragment = { onHold: boolean, keptUntil: string | null, holds: Array<{ matter: string, at: string, by: string, reason: string }> };

export type PurgedFieldsFragment = { id: string, at: string, by: string, reason: string, position: string, events: number | null, blobs: number | null, bytes: number | null, startedAt: string | null, endedAt: string | null, user: string | null, host: string | null, target: string | null, protocol: string | null, site: string | null, folder: string | null };

export type PurgedSessionQueryVariables = Exact<{
  id: string | number;
}>;


export type PurgedSessionQuery = { purgedSession: { id: string, at: string, by: string, reason: string, position: string, events: number | null, blobs: number | null, bytes: number | null, startedAt: string | null, endedAt: string | null, user: string | null, host: string | null, target: string | null, protocol: string | null, site: string | null, folder: string | null } | null };

export type PurgedSessionsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type PurgedSessionsQuery = { purgedSessions: { pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, at: string, by: string, reason: string, position: string, events: number | null, blobs: number | null, bytes: number | null, startedAt: string | null, endedAt: string | null, user: string | null, host: string | null, target: string | null, protocol: string | null, site: string | null, folder: string | null }> } };

export type RetentionQueryVariables = Exact<{
  withinDays: number;
}>;


export type RetentionQuery = { retention: { due: number, soon: number, dueOnHold: number, onHold: number, lookedAt: string | null, trouble: string | null } };

export type HoldSessionsMutationVariables = Exact<{
  sessions: Array<string | number> | string | number;
  matter: string;
  reason: string;
}>;


export type HoldSessionsMutation = { holdSessions: Array<{ id: string }> };

export type ReleaseSessionsMutationVariables = Exact<{
  sessions: Array<string | number> | string | number;
  matter: string;
  reason: string;
}>;


export type ReleaseSessionsMutation = { releaseSessions: Array<{ id: string }> };

export type PurgeSessionMutationVariables = Exact<{
  session: string | number;
  reason: string;
}>;


export type PurgeSessionMutation = { purgeSession: { id: string, at: string, by: string, reason: string, position: string, events: number | null, blobs: number | null, bytes: number | null, startedAt: string | null, endedAt: string | null, user: string | null, host: string | null, target: string | null, protocol: string | null, site: string | null, folder: string | null } };

export type CommentsQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type CommentsQuery = { session: { comments: { pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, at: string, by: string, offsetMs: number | null, text: string }> } } | null };

export type ReviewStateFragment = { id: string, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number } };

export type CommentSessionMutationVariables = Exact<{
  session: string | number;
  text: string;
  offsetMs?: number | null | undefined;
}>;


export type CommentSessionMutation = { commentSession: { id: string, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number } } };

export type ReviewSessionMutationVariables = Exact<{
  session: string | number;
  comment?: string | null | undefined;
}>;


export type ReviewSessionMutation = { reviewSession: { id: string, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number } } };

export type ReopenReviewMutationVariables = Exact<{
  session: string | number;
  reason?: string | null | undefined;
}>;


export type ReopenReviewMutation = { reopenReview: { id: string, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number } } };

export type AssignSessionMutationVariables = Exact<{
  session: string | number;
  to?: string | null | undefined;
}>;


export type AssignSessionMutation = { assignSession: { id: string, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number } } };

export type SearchSessionsQueryVariables = Exact<{
  text: string;
  orderBy: SearchOrder;
  first: number;
  after?: string | null | undefined;
}>;


export type SearchSessionsQuery = { searchSessions: { totalCount: number, hitCount: number, totalIsExact: boolean, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ hitCount: number, hits: Array<{ kind: MomentKind, offsetMs: number, at: string, snippet: { runs: Array<{ text: string, match: boolean }> } }>, session: { id: string, title: string | null, user: string | null, host: string | null, command: string | null, state: SessionState, startedAt: string, durationMs: number, asciicastUrl: string | null, recording: { name: string } | null } }> } };

export type HitFragment = { kind: MomentKind, offsetMs: number, at: string, snippet: { runs: Array<{ text: string, match: boolean }> } };

export type HitsOfSessionQueryVariables = Exact<{
  text: string;
  session: string | number;
  orderBy: SearchOrder;
  first: number;
  after?: string | null | undefined;
}>;


export type HitsOfSessionQuery = { search: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, edges: Array<{ cursor: string, node: { kind: MomentKind, offsetMs: number, at: string, snippet: { runs: Array<{ text: string, match: boolean }> } } }> } };

export type SearchFacetsQueryVariables = Exact<{
  text: string;
}>;


export type SearchFacetsQuery = { searchFacets: { totalCount: number, totalIsExact: boolean, facets: Array<{ by: FacetKind, values: Array<{ value: string, count: number }> }> } };

export type SuggestQueryVariables = Exact<{
  text: string;
  at: number;
}>;


export type SuggestQuery = { suggest: Array<{ kind: SuggestionKind, text: string, field: string, value: string, count: number | null, at: number, length: number }> };

export type SessionsQueryVariables = Exact<{
  filter?: SessionFilter | null | undefined;
  orderBy: SessionOrder;
  first: number;
  after?: string | null | undefined;
  withActivity: boolean;
  buckets: number;
}>;


export type SessionsQuery = { sessions: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, title: string | null, user: string | null, groups: Array<string>, host: string | null, command: string | null, protocol: string | null, target: string | null, site: string | null, launcher: string | null, secret: string | null, folder: string | null, policy: string | null, state: SessionState, startedAt: string, endedAt: string | null, lastActivityAt: string, onHold: boolean, durationMs: number, endReason: EndReason | null, gaps: number, activityMap?: { series: Array<{ kind: ActivityKind, values: Array<number>, max: number }> }, counts: { events: number, outputBytes: number, keys: number, markers: number }, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number }, recording: { name: string, format: string, bytes: number } | null }> } };

export type SessionRowFragment = { id: string, title: string | null, user: string | null, groups: Array<string>, host: string | null, command: string | null, protocol: string | null, target: string | null, site: string | null, launcher: string | null, secret: string | null, folder: string | null, policy: string | null, state: SessionState, startedAt: string, endedAt: string | null, lastActivityAt: string, onHold: boolean, durationMs: number, endReason: EndReason | null, gaps: number, counts: { events: number, outputBytes: number, keys: number, markers: number }, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number }, recording: { name: string, format: string, bytes: number } | null };

export type RecentSessionsQueryVariables = Exact<{
  first: number;
}>;


export type RecentSessionsQuery = { sessions: { nodes: Array<{ id: string, title: string | null, user: string | null, host: string | null, command: string | null, startedAt: string, durationMs: number, recording: { name: string } | null }> } };

export type ReviewSessionsMutationVariables = Exact<{
  sessions: Array<string | number> | string | number;
  comment?: string | null | undefined;
}>;


export type ReviewSessionsMutation = { reviewSessions: Array<{ id: string, review: { reviewedAt: string | null, reviewedBy: string | null } }> };

export type FacetsQueryVariables = Exact<{ [key: string]: never; }>;


export type FacetsQuery = { facets: { users: Array<{ value: string, count: number }>, hosts: Array<{ value: string, count: number }>, protocols: Array<{ value: string, count: number }> } };

export type FilterValuesQueryVariables = Exact<{ [key: string]: never; }>;


export type FilterValuesQuery = { groups: Array<{ value: string }>, secrets: Array<{ value: string }>, folders: Array<{ value: string }>, targets: Array<{ value: string }>, sites: Array<{ value: string }>, launchers: Array<{ value: string }> };

export type LiveSessionsSubscriptionVariables = Exact<{
  filter?: SessionFilter | null | undefined;
  buckets: number;
}>;


export type LiveSessionsSubscription = { activeSessions: { isComplete: boolean, changes: Array<{ kind: SessionChangeKind, session: { id: string, title: string | null, user: string | null, groups: Array<string>, host: string | null, command: string | null, protocol: string | null, target: string | null, site: string | null, launcher: string | null, secret: string | null, folder: string | null, policy: string | null, state: SessionState, startedAt: string, endedAt: string | null, lastActivityAt: string, onHold: boolean, durationMs: number, endReason: EndReason | null, gaps: number, activityMap: { series: Array<{ kind: ActivityKind, values: Array<number>, max: number }> }, counts: { events: number, outputBytes: number, keys: number, markers: number }, review: { reviewedAt: string | null, reviewedBy: string | null, assignee: string | null, sampled: boolean, commentCount: number }, recording: { name: string, format: string, bytes: number } | null } }> } };

export type LiveCountSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type LiveCountSubscription = { activeSessions: { isComplete: boolean, changes: Array<{ kind: SessionChangeKind, session: { id: string } }> } };

export type ActiveCountQueryVariables = Exact<{ [key: string]: never; }>;


export type ActiveCountQuery = { sessions: { totalCount: number } };

export type SettingFieldsFragment = { name: string, kind: string, value: string, defaultValue: string, isChanged: boolean, expected: string, choices: Array<string>, help: string, group: { name: string, help: string }, lastChange: { position: string, at: string, by: string, old: string, new: string, reason: string | null } | null };

export type SettingsQueryVariables = Exact<{ [key: string]: never; }>;


export type SettingsQuery = { settings: Array<{ name: string, kind: string, value: string, defaultValue: string, isChanged: boolean, expected: string, choices: Array<string>, help: string, group: { name: string, help: string }, lastChange: { position: string, at: string, by: string, old: string, new: string, reason: string | null } | null }> };

export type SettingChangesQueryVariables = Exact<{
  name: string;
}>;


export type SettingChangesQuery = { settingChanges: Array<{ position: string, at: string, by: string, old: string, new: string, reason: string | null }> };

export type SettingPreviewQueryVariables = Exact<{
  name: string;
  value: string;
}>;


export type SettingPreviewQuery = { settingPreview: { value: string, isOther: boolean, warnings: Array<string>, purges: number } };

export type ChangeSettingMutationVariables = Exact<{
  name: string;
  value: string;
  reason?: string | null | undefined;
}>;


export type ChangeSettingMutation = { changeSetting: { name: string, kind: string, value: string, defaultValue: string, isChanged: boolean, expected: string, choices: Array<string>, help: string, group: { name: string, help: string }, lastChange: { position: string, at: string, by: string, old: string, new: string, reason: string | null } | null } };

export type TrailQueryVariables = Exact<{
  filter?: TrailFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type TrailQuery = { trail: { pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ position: string, at: string, type: string, by: string, session: { id: string, title: string | null, command: string | null, recording: { name: string } | null } | null, event: { session: string | null, data: unknown } | null }> } };

export type TrailPeopleQueryVariables = Exact<{ [key: string]: never; }>;


export type TrailPeopleQuery = { trailPeople: Array<string> };

export type MediaQueryVariables = Exact<{
  id: string | number;
}>;


export type MediaQuery = { session: { state: SessionState, asciicastUrl: string | null, media: { keyframesMs: Array<number>, clipsZipUrl: string | null, video: { url: string, codec: string, width: number, height: number, startMs: number, durationMs: number, bytes: number, isLive: boolean } | null, clips: Array<{ number: number, url: string, source: string, codec: string, width: number, height: number, startMs: number, endMs: number, frames: number, bytes: number }>, products: Array<{ kind: ProductKind, state: ProcessingState, progressPermille: number | null, changedAt: string, reason: string | null, url: string | null, bytes: number | null, durationMs: number | null, startMs: number }>, problems: Array<{ startMs: number, mediaType: string, problem: string, url: string }> } } | null };

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
export const ScopeFieldsFragmentDoc = new TypedDocumentString(`
    fragment ScopeFields on Scope {
  folders
  from
  groups
  own
  sites
  targets
  to
}
    `, {"fragmentName":"ScopeFields"}) as unknown as TypedDocumentString<ScopeFieldsFragment, unknown>;
export const MomentFragmentDoc = new TypedDocumentString(`
    fragment Moment on Moment {
  id
  kind
  offsetMs
  startMs
  at
  text
  redacted
  app
  cwd
  exitStatus
  durationMs
}
    `, {"fragmentName":"Moment"}) as unknown as TypedDocumentString<MomentFragment, unknown>;
export const ReportAboutFragmentDoc = new TypedDocumentString(`
    fragment ReportAbout on ReportDefinition {
  name
  title
  answers
  allowed
  parameters {
    name
    title
    expected
    default
  }
  columns {
    name
    title
    numeric
  }
  supports {
    framework
    id
    about
  }
}
    `, {"fragmentName":"ReportAbout"}) as unknown as TypedDocumentString<ReportAboutFragment, unknown>;
export const ReportScheduleAboutFragmentDoc = new TypedDocumentString(`
    fragment ReportScheduleAbout on ReportSchedule {
  name
  report {
    name
    title
  }
  parameters
  every
  hour
  zone
  folder
  formats
  setBy
  setAt
  lastError
  next {
    from
    to
    due
  }
  runs(first: 3) {
    at
    from
    to
    position
    rows
    files
  }
}
    `, {"fragmentName":"ReportScheduleAbout"}) as unknown as TypedDocumentString<ReportScheduleAboutFragment, unknown>;
export const SessionRetentionFragmentDoc = new TypedDocumentString(`
    fragment SessionRetention on Session {
  onHold
  keptUntil
  holds {
    matter
    at
    by
    reason
  }
}
    `, {"fragmentName":"SessionRetention"}) as unknown as TypedDocumentString<SessionRetentionFragment, unknown>;
export const PurgedFieldsFragmentDoc = new TypedDocumentString(`
    fragment PurgedFields on PurgedSession {
  id
  at
  by
  reason
  position
  events
  blobs
  bytes
  startedAt
  endedAt
  user
  host
  target
  protocol
  site
  folder
}
    `, {"fragmentName":"PurgedFields"}) as unknown as TypedDocumentString<PurgedFieldsFragment, unknown>;
export const ReviewStateFragmentDoc = new TypedDocumentString(`
    fragment ReviewState on Session {
  id
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
}
    `, {"fragmentName":"ReviewState"}) as unknown as TypedDocumentString<ReviewStateFragment, unknown>;
export const HitFragmentDoc = new TypedDocumentString(`
    fragment Hit on SearchHit {
  kind
  offsetMs
  at
  snippet {
    runs {
      text
      match
    }
  }
}
    `, {"fragmentName":"Hit"}) as unknown as TypedDocumentString<HitFragment, unknown>;
export const SessionRowFragmentDoc = new TypedDocumentString(`
    fragment SessionRow on Session {
  id
  title
  user
  groups
  host
  command
  protocol
  target
  site
  launcher
  secret
  folder
  policy
  state
  startedAt
  endedAt
  lastActivityAt
  onHold
  durationMs
  endReason
  gaps
  counts {
    events
    outputBytes
    keys
    markers
  }
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
  recording {
    name
    format
    bytes
  }
}
    `, {"fragmentName":"SessionRow"}) as unknown as TypedDocumentString<SessionRowFragment, unknown>;
export const SettingFieldsFragmentDoc = new TypedDocumentString(`
    fragment SettingFields on Setting {
  name
  kind
  value
  defaultValue
  isChanged
  expected
  choices
  help
  group {
    name
    help
  }
  lastChange {
    position
    at
    by
    old
    new
    reason
  }
}
    `, {"fragmentName":"SettingFields"}) as unknown as TypedDocumentString<SettingFieldsFragment, unknown>;
export const RolesDocument = new TypedDocumentString(`
    query Roles {
  roles {
    role
    rights
    isForPeople
  }
}
    `) as unknown as TypedDocumentString<RolesQuery, RolesQueryVariables>;
export const GrantsDocument = new TypedDocumentString(`
    query Grants($asOfTime: DateTime) {
  grants(asOfTime: $asOfTime) {
    id
    to
    role
    givenAt
    by
    reason
    expiresAt
    scope {
      ...ScopeFields
    }
  }
}
    fragment ScopeFields on Scope {
  folders
  from
  groups
  own
  sites
  targets
  to
}`) as unknown as TypedDocumentString<GrantsQuery, GrantsQueryVariables>;
export const GiveGrantDocument = new TypedDocumentString(`
    mutation GiveGrant($input: GiveGrantInput!) {
  giveGrant(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<GiveGrantMutation, GiveGrantMutationVariables>;
export const WithdrawGrantDocument = new TypedDocumentString(`
    mutation WithdrawGrant($id: ID!, $reason: String) {
  withdrawGrant(id: $id, reason: $reason) {
    id
  }
}
    `) as unknown as TypedDocumentString<WithdrawGrantMutation, WithdrawGrantMutationVariables>;
export const RightsOfDocument = new TypedDocumentString(`
    query RightsOf($user: String!, $groups: [String!]!) {
  rightsOf(user: $user, groups: $groups) {
    rights
    sessions
    grants {
      role
      scope {
        ...ScopeFields
      }
    }
  }
}
    fragment ScopeFields on Scope {
  folders
  from
  groups
  own
  sites
  targets
  to
}`) as unknown as TypedDocumentString<RightsOfQuery, RightsOfQueryVariables>;
export const BrowsersDocument = new TypedDocumentString(`
    query Browsers {
  browsers {
    id
    who
    address
    isThis
    signedInAt
    expiresAt
    token
  }
}
    `) as unknown as TypedDocumentString<BrowsersQuery, BrowsersQueryVariables>;
export const SignOutBrowserDocument = new TypedDocumentString(`
    mutation SignOutBrowser($id: ID!) {
  signOutBrowser(id: $id)
}
    `) as unknown as TypedDocumentString<SignOutBrowserMutation, SignOutBrowserMutationVariables>;
export const TokensDocument = new TypedDocumentString(`
    query Tokens {
  tokens {
    id
    prefix
    name
    role
    user
    site
    createdBy
    createdAt
    expiresAt
    revokedAt
    lastUsedAt
    lastUsedFrom
    scope {
      ...ScopeFields
    }
  }
}
    fragment ScopeFields on Scope {
  folders
  from
  groups
  own
  sites
  targets
  to
}`) as unknown as TypedDocumentString<TokensQuery, TokensQueryVariables>;
export const CreateTokenDocument = new TypedDocumentString(`
    mutation CreateToken($input: CreateTokenInput!) {
  createToken(input: $input) {
    text
    token {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<CreateTokenMutation, CreateTokenMutationVariables>;
export const RevokeTokenDocument = new TypedDocumentString(`
    mutation RevokeToken($id: ID!) {
  revokeToken(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<RevokeTokenMutation, RevokeTokenMutationVariables>;
export const ViewerRightsDocument = new TypedDocumentString(`
    query ViewerRights {
  viewer {
    everywhere: rights(everywhere: true)
    somewhere: rights
  }
}
    `) as unknown as TypedDocumentString<ViewerRightsQuery, ViewerRightsQueryVariables>;
export const EvidenceDocument = new TypedDocumentString(`
    query Evidence($id: ID!) {
  session(id: $id) {
    id
    title
    user
    host
    command
    state
    startedAt
    endedAt
    durationMs
    recordedAt
    gaps
    rights
    recording {
      name
    }
    counts {
      events
      outputBytes
      keys
    }
    recordingGaps {
      fromMs
      toMs
      channel
      reason
      source
    }
    media {
      clips {
        startMs
        endMs
      }
    }
  }
  log {
    size
    rootHash
    checkpoint
    verifierKey
  }
}
    `) as unknown as TypedDocumentString<EvidenceQuery, EvidenceQueryVariables>;
export const ConsistencyProofDocument = new TypedDocumentString(`
    query ConsistencyProof($old: Position!, $new: Position!) {
  log {
    consistencyProof(old: $old, new: $new)
  }
}
    `) as unknown as TypedDocumentString<ConsistencyProofQuery, ConsistencyProofQueryVariables>;
export const SessionAccessesDocument = new TypedDocumentString(`
    query SessionAccesses($id: ID!, $after: String) {
  session(id: $id) {
    accesses(first: 50, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        type
        at
        by
        address
        reason
        what
        looks
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SessionAccessesQuery, SessionAccessesQueryVariables>;
export const HealthDocument = new TypedDocumentString(`
    query Health {
  health {
    at
    version
    logSize
    checkpointAt
    freeSpaceMin
    projections {
      name
      checkpoint
      lag
      lagSeconds
      problem
    }
    videos {
      requested
      working
      failed
    }
    disk {
      free
      total
      log
      blobs
      readModels
    }
  }
  sessions(filter: {state: ACTIVE}, first: 100) {
    totalCount
    nodes {
      id
      title
      user
      host
      command
      lastActivityAt
      recording {
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<HealthQuery, HealthQueryVariables>;
export const RetryFailedVideosDocument = new TypedDocumentString(`
    mutation RetryFailedVideos {
  retryFailedVideos
}
    `) as unknown as TypedDocumentString<RetryFailedVideosMutation, RetryFailedVideosMutationVariables>;
export const LiveEventsDocument = new TypedDocumentString(`
    subscription LiveEvents($session: ID!, $types: [String!], $after: Position) {
  events(after: $after, filter: {session: $session, types: $types}) {
    readTo
    nodes {
      position
      type
      at
      recordedAt
      data
      redacted
    }
  }
}
    `) as unknown as TypedDocumentString<LiveEventsSubscription, LiveEventsSubscriptionVariables>;
export const LiveMomentsDocument = new TypedDocumentString(`
    subscription LiveMoments($session: ID!, $kinds: [MomentKind!], $after: ID) {
  sessionMoments(session: $session, kinds: $kinds, after: $after) {
    ...Moment
  }
}
    fragment Moment on Moment {
  id
  kind
  offsetMs
  startMs
  at
  text
  redacted
  app
  cwd
  exitStatus
  durationMs
}`) as unknown as TypedDocumentString<LiveMomentsSubscription, LiveMomentsSubscriptionVariables>;
export const SessionControlDocument = new TypedDocumentString(`
    query SessionControl($id: ID!) {
  session(id: $id) {
    id
    state
    title
    command
    user
    host
    startedAt
    rights
    ...SessionRetention
    policyInForce {
      name
      recordKeys
      recordingRequired
      endWhenUnreachableSeconds
      maxLengthSeconds
      inactivitySeconds
      idleWarningSeconds
    }
    controls {
      position
      at
      kind
      by
      reason
      text
      isDelivered
      policy {
        recordKeys
        endWhenUnreachableSeconds
        maxLengthSeconds
        inactivitySeconds
        idleWarningSeconds
      }
      answer {
        at
        done
        detail
        source
      }
    }
  }
}
    fragment SessionRetention on Session {
  onHold
  keptUntil
  holds {
    matter
    at
    by
    reason
  }
}`) as unknown as TypedDocumentString<SessionControlQuery, SessionControlQueryVariables>;
export const SendMessageDocument = new TypedDocumentString(`
    mutation SendMessage($session: ID!, $text: String!, $reason: String) {
  sendMessage(session: $session, text: $text, reason: $reason) {
    position
  }
}
    `) as unknown as TypedDocumentString<SendMessageMutation, SendMessageMutationVariables>;
export const TerminateSessionDocument = new TypedDocumentString(`
    mutation TerminateSession($session: ID!, $reason: String) {
  terminateSession(session: $session, reason: $reason) {
    position
  }
}
    `) as unknown as TypedDocumentString<TerminateSessionMutation, TerminateSessionMutationVariables>;
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
    rights
    ...SessionRetention
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
    gaps
    review {
      reviewedAt
      reviewedBy
      assignee
      sampled
      commentCount
    }
    redactions {
      id
      fromMs
      toMs
      what
      by
      reason
      rule
      liftedBy
      liftedReason
    }
    momentMap(buckets: 1) {
      series {
        kind
        values
      }
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
    messages: seekPoints(kinds: [MESSAGE], first: 100) {
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
    fragment SessionRetention on Session {
  onHold
  keptUntil
  holds {
    matter
    at
    by
    reason
  }
}`) as unknown as TypedDocumentString<SessionQuery, SessionQueryVariables>;
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
    query Timeline($id: ID!, $kinds: [MomentKind!], $fromMs: Long, $toMs: Long, $first: Int, $after: String, $last: Int, $before: String) {
  session(id: $id) {
    timeline(
      kinds: $kinds
      fromMs: $fromMs
      toMs: $toMs
      first: $first
      after: $after
      last: $last
      before: $before
    ) {
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
      nodes {
        ...Moment
      }
    }
  }
}
    fragment Moment on Moment {
  id
  kind
  offsetMs
  startMs
  at
  text
  redacted
  app
  cwd
  exitStatus
  durationMs
}`) as unknown as TypedDocumentString<TimelineQuery, TimelineQueryVariables>;
export const FindInSessionDocument = new TypedDocumentString(`
    query FindInSession($text: String!, $session: ID!, $kinds: [MomentKind!], $first: Int!, $after: String) {
  search(
    text: $text
    filter: {session: $session, kinds: $kinds}
    orderBy: OLDEST
    first: $first
    after: $after
  ) {
    totalCount
    totalIsExact
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      offsetMs
      snippet {
        runs {
          text
          match
        }
      }
      moment {
        ...Moment
      }
    }
  }
}
    fragment Moment on Moment {
  id
  kind
  offsetMs
  startMs
  at
  text
  redacted
  app
  cwd
  exitStatus
  durationMs
}`) as unknown as TypedDocumentString<FindInSessionQuery, FindInSessionQueryVariables>;
export const MomentDetailDocument = new TypedDocumentString(`
    query MomentDetail($id: ID!, $event: ID!, $untilMs: Long!) {
  node(id: $event) {
    ... on Event {
      position
      type
      source
      data
      redacted
    }
  }
  session(id: $id) {
    window: timeline(kinds: [WINDOW], toMs: $untilMs, last: 1) {
      nodes {
        text
        app
      }
    }
  }
}
    `) as unknown as TypedDocumentString<MomentDetailQuery, MomentDetailQueryVariables>;
export const NowDocument = new TypedDocumentString(`
    query Now($id: ID!, $fromMs: Long!, $toMs: Long!) {
  session(id: $id) {
    window: timeline(kinds: [WINDOW], toMs: $fromMs, last: 1) {
      nodes {
        ...Moment
      }
    }
    running: timeline(kinds: [PROCESS, COMMAND], toMs: $fromMs, last: 40) {
      nodes {
        ...Moment
      }
    }
    within: timeline(
      kinds: [WINDOW, PROCESS, COMMAND, KEYS]
      fromMs: $fromMs
      toMs: $toMs
      first: 100
    ) {
      nodes {
        ...Moment
      }
    }
  }
}
    fragment Moment on Moment {
  id
  kind
  offsetMs
  startMs
  at
  text
  redacted
  app
  cwd
  exitStatus
  durationMs
}`) as unknown as TypedDocumentString<NowQuery, NowQueryVariables>;
export const ViewRecordingDocument = new TypedDocumentString(`
    mutation ViewRecording($session: ID!, $reason: String!) {
  viewRecording(session: $session, reason: $reason)
}
    `) as unknown as TypedDocumentString<ViewRecordingMutation, ViewRecordingMutationVariables>;
export const RevealCheckDocument = new TypedDocumentString(`
    query RevealCheck($id: ID!) {
  session(id: $id) {
    timeline(first: 1) {
      nodes {
        id
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RevealCheckQuery, RevealCheckQueryVariables>;
export const GapsDocument = new TypedDocumentString(`
    query Gaps($id: ID!) {
  session(id: $id) {
    recordingGaps {
      fromMs
      toMs
      channel
      reason
    }
  }
}
    `) as unknown as TypedDocumentString<GapsQuery, GapsQueryVariables>;
export const RedactDocument = new TypedDocumentString(`
    mutation Redact($redaction: NewRedaction!) {
  redact(redaction: $redaction)
}
    `) as unknown as TypedDocumentString<RedactMutation, RedactMutationVariables>;
export const LiftRedactionDocument = new TypedDocumentString(`
    mutation LiftRedaction($session: ID!, $id: ID!, $reason: String!) {
  liftRedaction(session: $session, id: $id, reason: $reason)
}
    `) as unknown as TypedDocumentString<LiftRedactionMutation, LiftRedactionMutationVariables>;
export const ReportsDocument = new TypedDocumentString(`
    query Reports {
  reports {
    ...ReportAbout
  }
}
    fragment ReportAbout on ReportDefinition {
  name
  title
  answers
  allowed
  parameters {
    name
    title
    expected
    default
  }
  columns {
    name
    title
    numeric
  }
  supports {
    framework
    id
    about
  }
}`) as unknown as TypedDocumentString<ReportsQuery, ReportsQueryVariables>;
export const RunReportDocument = new TypedDocumentString(`
    query RunReport($name: String!, $input: ReportInput!) {
  report(name: $name, input: $input) {
    definition {
      ...ReportAbout
    }
    from
    to
    rows
    rowCount
    position
    partial
    charts {
      title
      bars {
        of
        count
      }
    }
  }
}
    fragment ReportAbout on ReportDefinition {
  name
  title
  answers
  allowed
  parameters {
    name
    title
    expected
    default
  }
  columns {
    name
    title
    numeric
  }
  supports {
    framework
    id
    about
  }
}`) as unknown as TypedDocumentString<RunReportQuery, RunReportQueryVariables>;
export const ReportSchedulesDocument = new TypedDocumentString(`
    query ReportSchedules {
  reportSchedules {
    ...ReportScheduleAbout
  }
}
    fragment ReportScheduleAbout on ReportSchedule {
  name
  report {
    name
    title
  }
  parameters
  every
  hour
  zone
  folder
  formats
  setBy
  setAt
  lastError
  next {
    from
    to
    due
  }
  runs(first: 3) {
    at
    from
    to
    position
    rows
    files
  }
}`) as unknown as TypedDocumentString<ReportSchedulesQuery, ReportSchedulesQueryVariables>;
export const ScheduleReportDocument = new TypedDocumentString(`
    mutation ScheduleReport($input: ReportScheduleInput!) {
  scheduleReport(input: $input) {
    name
  }
}
    `) as unknown as TypedDocumentString<ScheduleReportMutation, ScheduleReportMutationVariables>;
export const UnscheduleReportDocument = new TypedDocumentString(`
    mutation UnscheduleReport($name: String!) {
  unscheduleReport(name: $name) {
    name
  }
}
    `) as unknown as TypedDocumentString<UnscheduleReportMutation, UnscheduleReportMutationVariables>;
export const PurgedSessionDocument = new TypedDocumentString(`
    query PurgedSession($id: ID!) {
  purgedSession(id: $id) {
    ...PurgedFields
  }
}
    fragment PurgedFields on PurgedSession {
  id
  at
  by
  reason
  position
  events
  blobs
  bytes
  startedAt
  endedAt
  user
  host
  target
  protocol
  site
  folder
}`) as unknown as TypedDocumentString<PurgedSessionQuery, PurgedSessionQueryVariables>;
export const PurgedSessionsDocument = new TypedDocumentString(`
    query PurgedSessions($first: Int!, $after: String) {
  purgedSessions(first: $first, after: $after) {
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      ...PurgedFields
    }
  }
}
    fragment PurgedFields on PurgedSession {
  id
  at
  by
  reason
  position
  events
  blobs
  bytes
  startedAt
  endedAt
  user
  host
  target
  protocol
  site
  folder
}`) as unknown as TypedDocumentString<PurgedSessionsQuery, PurgedSessionsQueryVariables>;
export const RetentionDocument = new TypedDocumentString(`
    query Retention($withinDays: Int!) {
  retention(withinDays: $withinDays) {
    due
    soon
    dueOnHold
    onHold
    lookedAt
    trouble
  }
}
    `) as unknown as TypedDocumentString<RetentionQuery, RetentionQueryVariables>;
export const HoldSessionsDocument = new TypedDocumentString(`
    mutation HoldSessions($sessions: [ID!]!, $matter: String!, $reason: String!) {
  holdSessions(sessions: $sessions, matter: $matter, reason: $reason) {
    id
  }
}
    `) as unknown as TypedDocumentString<HoldSessionsMutation, HoldSessionsMutationVariables>;
export const ReleaseSessionsDocument = new TypedDocumentString(`
    mutation ReleaseSessions($sessions: [ID!]!, $matter: String!, $reason: String!) {
  releaseSessions(sessions: $sessions, matter: $matter, reason: $reason) {
    id
  }
}
    `) as unknown as TypedDocumentString<ReleaseSessionsMutation, ReleaseSessionsMutationVariables>;
export const PurgeSessionDocument = new TypedDocumentString(`
    mutation PurgeSession($session: ID!, $reason: String!) {
  purgeSession(session: $session, reason: $reason) {
    ...PurgedFields
  }
}
    fragment PurgedFields on PurgedSession {
  id
  at
  by
  reason
  position
  events
  blobs
  bytes
  startedAt
  endedAt
  user
  host
  target
  protocol
  site
  folder
}`) as unknown as TypedDocumentString<PurgeSessionMutation, PurgeSessionMutationVariables>;
export const CommentsDocument = new TypedDocumentString(`
    query Comments($id: ID!, $after: String) {
  session(id: $id) {
    comments(first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        at
        by
        offsetMs
        text
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CommentsQuery, CommentsQueryVariables>;
export const CommentSessionDocument = new TypedDocumentString(`
    mutation CommentSession($session: ID!, $text: String!, $offsetMs: Long) {
  commentSession(session: $session, text: $text, offsetMs: $offsetMs) {
    ...ReviewState
  }
}
    fragment ReviewState on Session {
  id
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
}`) as unknown as TypedDocumentString<CommentSessionMutation, CommentSessionMutationVariables>;
export const ReviewSessionDocument = new TypedDocumentString(`
    mutation ReviewSession($session: ID!, $comment: String) {
  reviewSession(session: $session, comment: $comment) {
    ...ReviewState
  }
}
    fragment ReviewState on Session {
  id
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
}`) as unknown as TypedDocumentString<ReviewSessionMutation, ReviewSessionMutationVariables>;
export const ReopenReviewDocument = new TypedDocumentString(`
    mutation ReopenReview($session: ID!, $reason: String) {
  reopenReview(session: $session, reason: $reason) {
    ...ReviewState
  }
}
    fragment ReviewState on Session {
  id
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
}`) as unknown as TypedDocumentString<ReopenReviewMutation, ReopenReviewMutationVariables>;
export const AssignSessionDocument = new TypedDocumentString(`
    mutation AssignSession($session: ID!, $to: String) {
  assignSession(session: $session, to: $to) {
    ...ReviewState
  }
}
    fragment ReviewState on Session {
  id
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
}`) as unknown as TypedDocumentString<AssignSessionMutation, AssignSessionMutationVariables>;
export const SearchSessionsDocument = new TypedDocumentString(`
    query SearchSessions($text: String!, $orderBy: SearchOrder!, $first: Int!, $after: String) {
  searchSessions(
    text: $text
    orderBy: $orderBy
    hits: 4
    first: $first
    after: $after
  ) {
    totalCount
    hitCount
    totalIsExact
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      hitCount
      hits {
        ...Hit
      }
      session {
        id
        title
        user
        host
        command
        state
        startedAt
        durationMs
        asciicastUrl
        recording {
          name
        }
      }
    }
  }
}
    fragment Hit on SearchHit {
  kind
  offsetMs
  at
  snippet {
    runs {
      text
      match
    }
  }
}`) as unknown as TypedDocumentString<SearchSessionsQuery, SearchSessionsQueryVariables>;
export const HitsOfSessionDocument = new TypedDocumentString(`
    query HitsOfSession($text: String!, $session: ID!, $orderBy: SearchOrder!, $first: Int!, $after: String) {
  search(
    text: $text
    filter: {session: $session}
    orderBy: $orderBy
    first: $first
    after: $after
  ) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      cursor
      node {
        ...Hit
      }
    }
  }
}
    fragment Hit on SearchHit {
  kind
  offsetMs
  at
  snippet {
    runs {
      text
      match
    }
  }
}`) as unknown as TypedDocumentString<HitsOfSessionQuery, HitsOfSessionQueryVariables>;
export const SearchFacetsDocument = new TypedDocumentString(`
    query SearchFacets($text: String!) {
  searchFacets(
    text: $text
    by: [KIND, USER, HOST, TARGET, APP, GROUP, SITE, PROTOCOL, LAUNCHER]
  ) {
    totalCount
    totalIsExact
    facets {
      by
      values {
        value
        count
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SearchFacetsQuery, SearchFacetsQueryVariables>;
export const SuggestDocument = new TypedDocumentString(`
    query Suggest($text: String!, $at: Int!) {
  suggest(text: $text, at: $at, first: 10) {
    kind
    text
    field
    value
    count
    at
    length
  }
}
    `) as unknown as TypedDocumentString<SuggestQuery, SuggestQueryVariables>;
export const SessionsDocument = new TypedDocumentString(`
    query Sessions($filter: SessionFilter, $orderBy: SessionOrder!, $first: Int!, $after: String, $withActivity: Boolean!, $buckets: Int!) {
  sessions(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      ...SessionRow
      activityMap(buckets: $buckets) @include(if: $withActivity) {
        series {
          kind
          values
          max
        }
      }
    }
  }
}
    fragment SessionRow on Session {
  id
  title
  user
  groups
  host
  command
  protocol
  target
  site
  launcher
  secret
  folder
  policy
  state
  startedAt
  endedAt
  lastActivityAt
  onHold
  durationMs
  endReason
  gaps
  counts {
    events
    outputBytes
    keys
    markers
  }
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
  recording {
    name
    format
    bytes
  }
}`) as unknown as TypedDocumentString<SessionsQuery, SessionsQueryVariables>;
export const RecentSessionsDocument = new TypedDocumentString(`
    query RecentSessions($first: Int!) {
  sessions(orderBy: RECORDED_DESC, first: $first) {
    nodes {
      id
      title
      user
      host
      command
      startedAt
      durationMs
      recording {
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RecentSessionsQuery, RecentSessionsQueryVariables>;
export const ReviewSessionsDocument = new TypedDocumentString(`
    mutation ReviewSessions($sessions: [ID!]!, $comment: String) {
  reviewSessions(sessions: $sessions, comment: $comment) {
    id
    review {
      reviewedAt
      reviewedBy
    }
  }
}
    `) as unknown as TypedDocumentString<ReviewSessionsMutation, ReviewSessionsMutationVariables>;
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
export const FilterValuesDocument = new TypedDocumentString(`
    query FilterValues {
  groups: suggest(text: "group:", first: 100) {
    value
  }
  secrets: suggest(text: "secret:", first: 100) {
    value
  }
  folders: suggest(text: "folder:", first: 100) {
    value
  }
  targets: suggest(text: "target:", first: 100) {
    value
  }
  sites: suggest(text: "site:", first: 100) {
    value
  }
  launchers: suggest(text: "launcher:", first: 100) {
    value
  }
}
    `) as unknown as TypedDocumentString<FilterValuesQuery, FilterValuesQueryVariables>;
export const LiveSessionsDocument = new TypedDocumentString(`
    subscription LiveSessions($filter: SessionFilter, $buckets: Int!) {
  activeSessions(filter: $filter) {
    isComplete
    changes {
      kind
      session {
        ...SessionRow
        activityMap(buckets: $buckets) {
          series {
            kind
            values
            max
          }
        }
      }
    }
  }
}
    fragment SessionRow on Session {
  id
  title
  user
  groups
  host
  command
  protocol
  target
  site
  launcher
  secret
  folder
  policy
  state
  startedAt
  endedAt
  lastActivityAt
  onHold
  durationMs
  endReason
  gaps
  counts {
    events
    outputBytes
    keys
    markers
  }
  review {
    reviewedAt
    reviewedBy
    assignee
    sampled
    commentCount
  }
  recording {
    name
    format
    bytes
  }
}`) as unknown as TypedDocumentString<LiveSessionsSubscription, LiveSessionsSubscriptionVariables>;
export const LiveCountDocument = new TypedDocumentString(`
    subscription LiveCount {
  activeSessions {
    isComplete
    changes {
      kind
      session {
        id
      }
    }
  }
}
    `) as unknown as TypedDocumentString<LiveCountSubscription, LiveCountSubscriptionVariables>;
export const ActiveCountDocument = new TypedDocumentString(`
    query ActiveCount {
  sessions(filter: {state: ACTIVE}, first: 1) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<ActiveCountQuery, ActiveCountQueryVariables>;
export const SettingsDocument = new TypedDocumentString(`
    query Settings {
  settings {
    ...SettingFields
  }
}
    fragment SettingFields on Setting {
  name
  kind
  value
  defaultValue
  isChanged
  expected
  choices
  help
  group {
    name
    help
  }
  lastChange {
    position
    at
    by
    old
    new
    reason
  }
}`) as unknown as TypedDocumentString<SettingsQuery, SettingsQueryVariables>;
export const SettingChangesDocument = new TypedDocumentString(`
    query SettingChanges($name: String!) {
  settingChanges(name: $name) {
    position
    at
    by
    old
    new
    reason
  }
}
    `) as unknown as TypedDocumentString<SettingChangesQuery, SettingChangesQueryVariables>;
export const SettingPreviewDocument = new TypedDocumentString(`
    query SettingPreview($name: String!, $value: String!) {
  settingPreview(name: $name, value: $value) {
    value
    isOther
    warnings
    purges
  }
}
    `) as unknown as TypedDocumentString<SettingPreviewQuery, SettingPreviewQueryVariables>;
export const ChangeSettingDocument = new TypedDocumentString(`
    mutation ChangeSetting($name: String!, $value: String!, $reason: String) {
  changeSetting(name: $name, value: $value, reason: $reason) {
    ...SettingFields
  }
}
    fragment SettingFields on Setting {
  name
  kind
  value
  defaultValue
  isChanged
  expected
  choices
  help
  group {
    name
    help
  }
  lastChange {
    position
    at
    by
    old
    new
    reason
  }
}`) as unknown as TypedDocumentString<ChangeSettingMutation, ChangeSettingMutationVariables>;
export const TrailDocument = new TypedDocumentString(`
    query Trail($filter: TrailFilter, $first: Int!, $after: String) {
  trail(filter: $filter, first: $first, after: $after) {
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      position
      at
      type
      by
      session {
        id
        title
        command
        recording {
          name
        }
      }
      event {
        session
        data
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TrailQuery, TrailQueryVariables>;
export const TrailPeopleDocument = new TypedDocumentString(`
    query TrailPeople {
  trailPeople
}
    `) as unknown as TypedDocumentString<TrailPeopleQuery, TrailPeopleQueryVariables>;
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
        frames
        bytes
      }
      keyframesMs
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