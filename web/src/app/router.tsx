import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { whoQuery } from '../features/auth/use-who'
import { toApiError } from '../lib/errors'
import {
  paths,
  readFindSearch,
  readLogSearch,
  readPlayerSearch,
  readReportsSearch,
  readSessionsSearch,
  readSettingsSearch,
  readSignInSearch,
  readTrailSearch,
} from '../lib/paths'
import { parseSearch, stringifySearch } from '../lib/url-state'
import { ErrorPage } from '../pages/ErrorPage'
import { NotFoundPage } from '../pages/NotFoundPage'
import { SearchPage } from '../pages/SearchPage'
import { SignInPage } from '../pages/SignInPage'
import { Shell } from './Shell'

const rootRoute = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  errorComponent: ErrorPage,
  notFoundComponent: NotFoundPage,
})

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: readSignInSearch,
  component: SignInPage,
})

const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(whoQuery)
    } catch (error) {
      if (toApiError(error).problem !== 'signed-out') throw error
      throw redirect({ to: '/sign-in', search: { to: location.href } })
    }
  },
  component: Shell,
})

const searchRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  validateSearch: readFindSearch,
  component: SearchPage,
})

const sessionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/sessions',
  validateSearch: readSessionsSearch,
  component: lazyRouteComponent(() => import('../pages/SessionsPage'), 'SessionsPage'),
})

const sessionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/sessions/$id',
  validateSearch: readPlayerSearch,
  // Where playback stands is in the address: it changes all the time, and nothing is to be loaded for it.
  staleTime: Infinity,
  loader: async ({ context, params, location }) => {
    const { preloadSession } = await import('../features/player/preload')
    preloadSession(context.client, params.id, readPlayerSearch(location.search).t ?? 0)
  },
  component: lazyRouteComponent(() => import('../pages/SessionPage'), 'SessionPage'),
})

const evidenceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/sessions/$id/evidence',
  component: lazyRouteComponent(() => import('../pages/EvidencePage'), 'EvidencePage'),
})

const purgedRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/purged',
  component: lazyRouteComponent(() => import('../pages/PurgedPage'), 'PurgedPage'),
})

const logRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/log',
  validateSearch: readLogSearch,
  component: lazyRouteComponent(() => import('../pages/LogPage'), 'LogPage'),
})

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/settings',
  validateSearch: readSettingsSearch,
  component: lazyRouteComponent(() => import('../pages/SettingsPage'), 'SettingsPage'),
})

const accessRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/settings/access',
  component: lazyRouteComponent(() => import('../pages/AccessPage'), 'AccessPage'),
})

const tokensRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/settings/tokens',
  component: lazyRouteComponent(() => import('../pages/TokensPage'), 'TokensPage'),
})

const trailRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/settings/trail',
  validateSearch: readTrailSearch,
  component: lazyRouteComponent(() => import('../pages/TrailPage'), 'TrailPage'),
})

const healthRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/settings/health',
  component: lazyRouteComponent(() => import('../pages/HealthPage'), 'HealthPage'),
})

const reportsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/reports',
  validateSearch: readReportsSearch,
  component: lazyRouteComponent(() => import('../pages/ReportsPage'), 'ReportsPage'),
})

const settingsRoutes = [settingsRoute, accessRoute, tokensRoute, trailRoute, healthRoute]

const routeTree = rootRoute.addChildren([
  signInRoute,
  shellRoute.addChildren([
    searchRoute,
    sessionsRoute,
    sessionRoute,
    evidenceRoute,
    purgedRoute,
    logRoute,
    reportsRoute,
    ...settingsRoutes,
  ]),
])

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    parseSearch,
    stringifySearch,
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: true,
  })
}

export type AppRouter = ReturnType<typeof createAppRouter>

/** Leads to sign-in, and back to where one was after it. */
export function goToSignIn(router: AppRouter): void {
  const { pathname, href } = router.state.location
  if (pathname === '/sign-in') return
  router.options.context.client.removeQueries(whoQuery)
  void router.navigate({ href: paths.signIn({ to: href }) })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: AppRouter
  }
}
