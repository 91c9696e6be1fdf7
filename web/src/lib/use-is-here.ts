import { useMatch, useRouter } from '@tanstack/react-router'
import { useCallback } from 'react'

/**
 * Whether this page is still the one in the address. Once a link was followed it is not, although the page stays until the
 * next one is loaded: what it writes to the address a little later, such as a draft, would lead back from there.
 */
export function useIsHere(): () => boolean {
  const router = useRouter()
  const path = useMatch({ strict: false, select: ({ pathname }) => pathname })
  return useCallback(() => router.latestLocation.pathname === path, [router, path])
}
