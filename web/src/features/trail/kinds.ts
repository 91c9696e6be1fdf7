/** What people do in Retrace, in groups that one looks for together. */
export const trailKinds = {
  viewed: { name: 'Views', types: ['recording.viewed', 'records.viewed'] },
  revealed: { name: 'Reveals', types: ['redaction.revealed'] },
  taken: { name: 'Downloads', types: ['recording.downloaded', 'events.exported'] },
  searched: { name: 'Searches', types: ['search.performed', 'sql.run'] },
  denied: { name: 'Denials', types: ['access.denied', 'auth.denied'] },
  settings: { name: 'Settings', types: ['config.changed'] },
  access: { name: 'Access', types: ['token.created', 'token.revoked', 'grant.given', 'grant.withdrawn'] },
  signins: { name: 'Sign-ins', types: ['auth.succeeded', 'auth.ended'] },
  control: {
    name: 'Control',
    types: ['session.terminate_requested', 'session.message_sent', 'session.policy_set', 'video.requested'],
  },
  review: {
    name: 'Review',
    types: ['session.reviewed', 'session.review_reopened', 'session.commented', 'session.assigned'],
  },
  redaction: { name: 'Redaction', types: ['redaction.added', 'redaction.lifted'] },
  retention: { name: 'Retention', types: ['hold.placed', 'hold.released', 'retention.archived', 'retention.purged'] },
  reports: { name: 'Reports', types: ['report.run', 'report.scheduled', 'report.unscheduled'] },
} as const satisfies Record<string, { name: string; types: readonly string[] }>

export type TrailKind = keyof typeof trailKinds
export const trailKindNames = Object.keys(trailKinds) as TrailKind[]

/** The kind that a type of event belongs to. */
export function kindOf(type: string): TrailKind | undefined {
  return trailKindNames.find((kind) => (trailKinds[kind].types as readonly string[]).includes(type))
}

export const typesOf = (kinds: readonly TrailKind[]): string[] => kinds.flatMap((kind) => [...trailKinds[kind].types])
