import type { Token } from './use-access'

type Ends = Pick<Token, 'revokedAt' | 'expiresAt'>

/** Whether a token no longer works. */
export function isOver({ revokedAt, expiresAt }: Ends, nowMs: number): boolean {
  return revokedAt != null || (expiresAt != null && Date.parse(expiresAt) <= nowMs)
}

export function stateOf(token: Ends, nowMs: number): 'Works' | 'Revoked' | 'Expired' {
  if (token.revokedAt) return 'Revoked'
  return isOver(token, nowMs) ? 'Expired' : 'Works'
}
