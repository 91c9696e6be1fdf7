import type { SessionChangeKind } from '../../gql/graphql'

type Change<Session> = { kind: SessionChangeKind; session: Session }
type Page<Session> = { isComplete: boolean; changes: Change<Session>[] }

/** The sessions that go on, by what is told of them. After each connection all of them are told again first. */
export class LiveList<Session extends { id: string }> {
  private told = new Map<string, Session>()
  private isWhole = false

  /** Forgets what was told: those that have ended meanwhile are not told again. */
  begin(): void {
    this.told = new Map()
    this.isWhole = false
  }

  /** Answers the sessions once all are told, and whether some began or ended. */
  take(page: Page<Session>): { sessions: readonly Session[] | undefined; isOther: boolean } {
    for (const { kind, session } of page.changes) {
      if (kind === 'ENDED') this.told.delete(session.id)
      else this.told.set(session.id, session)
    }
    this.isWhole ||= page.isComplete
    const isOther = page.changes.some(({ kind }) => kind === 'BEGAN' || kind === 'ENDED')
    return { sessions: this.isWhole ? [...this.told.values()] : undefined, isOther }
  }
}

type Row = { id: string; state: 'ACTIVE' | 'ENDED'; startedAt: string }

/** Those that go on come first, the one that began last on top; the others follow in the order that was asked for. */
export function liveFirst<R extends Row>(rows: readonly R[], live: readonly R[] | undefined): R[] {
  const onTop = live ?? rows.filter(({ state }) => state === 'ACTIVE')
  const ids = new Set(onTop.map(({ id }) => id))
  const rest = rows.filter(({ id }) => !ids.has(id))
  return [...onTop.toSorted((one, other) => other.startedAt.localeCompare(one.startedAt)), ...rest]
}
