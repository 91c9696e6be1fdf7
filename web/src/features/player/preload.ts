import type { QueryClient } from '@tanstack/react-query'
import { readLooking } from '../../lib/looking'
import { mediaQuery } from '../video/use-media'
import { screenQuery, sessionQuery } from './use-session'

/** Asks for what a session's page begins with, while the page itself is still on its way. */
export function preloadSession(client: QueryClient, id: string, atMs: number): void {
  const { reason, reveal } = readLooking()
  // What was said on the page that is being left is not for this one.
  if (reason !== undefined || reveal !== undefined) return
  void client.prefetchQuery(sessionQuery(id))
  void client.prefetchQuery(mediaQuery(id))
  void client.prefetchQuery(screenQuery(id, atMs))
}
