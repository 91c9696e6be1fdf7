// A certified OpenID provider (npm `oidc-provider`) for the tests, with some users in it.
//
//   node provider.mjs REDIRECT_URI [claims=userinfo|id_token] [secret=SECRET]
//
// Prints its issuer identifier. Whoever signs in is the user of that name, whatever the password: `alice` and `carol`
// are in groups, anybody else is in none.
import { createServer } from 'node:http'
import { once } from 'node:events'

process.env.NODE_NO_WARNINGS = '1'
const { default: Provider } = await import('oidc-provider')

const [redirectUri, ...rest] = process.argv.slice(2)
const options = Object.fromEntries(rest.map((option) => option.split('=')))
const groups = { alice: ['dba', 'linux'], carol: ['ops'] }

const server = createServer()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`

// Its own messages go beside what is read from it.
console.info = console.warn = console.error
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'retrace',
      redirect_uris: [redirectUri],
      ...(options.secret
        ? { client_secret: options.secret }
        : { token_endpoint_auth_method: 'none' }),
    },
  ],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['preferred_username'],
    groups: ['groups'],
  },
  conformIdTokenClaims: options.claims !== 'id_token',
  pkce: { required: () => true },
  cookies: { keys: ['for tests only'] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      email: `${id}@example.com`,
      email_verified: false,
      groups: groups[id] ?? [],
    }),
  }),
})
server.on('request', provider.callback())
console.log(issuer)
