import { useMutation, useQuery, useQueryClient, type MutationFunction } from '@tanstack/react-query'
import {
  BrowsersDocument,
  CreateTokenDocument,
  GiveGrantDocument,
  GrantsDocument,
  RevokeTokenDocument,
  RightsOfDocument,
  RolesDocument,
  SignOutBrowserDocument,
  TokensDocument,
  WithdrawGrantDocument,
  type CreateTokenInput,
  type GiveGrantInput,
  type GrantsQuery,
  type TokensQuery,
} from '../../gql/graphql'
import { graphql } from '../../lib/api'

export type Grant = GrantsQuery['grants'][number]
export type Token = TokensQuery['tokens'][number]

const keys = { grants: ['grants'], tokens: ['tokens'], browsers: ['browsers'], rightsOf: ['rights-of'] }

export function useRoles() {
  return useQuery({
    queryKey: ['roles'],
    queryFn: ({ signal }) => graphql(RolesDocument, {}, signal),
    select: ({ roles }) => roles,
    staleTime: Infinity,
  })
}

/** The grants in force now, or at a time. */
export function useGrants(asOfTime: string | undefined) {
  return useQuery({
    queryKey: [...keys.grants, asOfTime],
    queryFn: ({ signal }) => graphql(GrantsDocument, { asOfTime }, signal),
    select: ({ grants }) => grants,
  })
}

/** All tokens, the newest first. */
export function useTokens() {
  return useQuery({
    queryKey: keys.tokens,
    queryFn: ({ signal }) => graphql(TokensDocument, {}, signal),
    select: ({ tokens }) => tokens.toReversed(),
  })
}

export function useBrowsers() {
  return useQuery({
    queryKey: keys.browsers,
    queryFn: ({ signal }) => graphql(BrowsersDocument, {}, signal),
    select: ({ browsers }) => browsers,
  })
}

/** What a user of some groups may do, once a name is given. */
export function useRightsOf(user: string, groups: string[]) {
  return useQuery({
    queryKey: [...keys.rightsOf, user, groups],
    queryFn: ({ signal }) => graphql(RightsOfDocument, { user, groups }, signal),
    select: ({ rightsOf }) => rightsOf,
    enabled: user !== '',
  })
}

/** Changes who may do what, and asks for the lists anew. */
function useAccessChange<Input, Result>(change: MutationFunction<Result, Input>, onDone?: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await Promise.all(Object.values(keys).map((queryKey) => client.invalidateQueries({ queryKey })))
      onDone?.()
    },
  })
}

export const useGiveGrant = (onDone: () => void) =>
  useAccessChange((input: GiveGrantInput) => graphql(GiveGrantDocument, { input }), onDone)

export const useWithdrawGrant = (onDone: () => void) =>
  useAccessChange(
    ({ id, reason }: { id: string; reason: string | null }) => graphql(WithdrawGrantDocument, { id, reason }),
    onDone,
  )

export const useSignOutBrowser = () =>
  useAccessChange((id: string) => graphql(SignOutBrowserDocument, { id }))

export const useCreateToken = () =>
  useAccessChange((input: CreateTokenInput) => graphql(CreateTokenDocument, { input }))

export const useRevokeToken = (onDone: () => void) =>
  useAccessChange((id: string) => graphql(RevokeTokenDocument, { id }), onDone)
