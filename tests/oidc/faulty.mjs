// A provider that does one thing wrong at a time, for the tests: the certified one cannot be made to.
//
//   node faulty.mjs
//
// Prints its issuer identifier. `GET /fault/{name}` says what is wrong from now on. It signs everybody in as `mallory`
// without asking.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'

const fresh = async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const kid = randomUUID()
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
}
let key = await fresh()
const stranger = await fresh()
let fault = 'none'
/** The nonces that came with requests, by the codes that were given for them. */
const nonces = new Map()

const server = createServer()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`

async function idToken(nonce) {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: fault === 'issuer' ? 'http://127.0.0.1:1' : issuer,
    aud: fault === 'audience' ? 'another' : 'retrace',
    sub: 'mallory',
    preferred_username: fault === 'name' ? undefined : 'mallory',
    groups: ['evil'],
    nonce: { nonce: 'another', 'no-nonce': undefined }[fault] ?? (fault === 'no-nonce' ? undefined : nonce),
    iat: now,
    exp: fault === 'expired' ? now - 3600 : now + 300,
  }
  if (fault === 'audiences') claims.aud = ['retrace', 'another']
  if (fault === 'unsigned') return new UnsecuredJWT(claims).encode()
  if (fault === 'secret') {
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('client secret'))
  }
  if (fault === 'rotated') key = await fresh()
  const by = fault === 'stranger' ? { ...stranger, kid: key.kid } : key
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: by.kid }).sign(by.privateKey)
  if (fault !== 'changed') return token
  const [header, payload, signature] = token.split('.')
  const told = JSON.parse(Buffer.from(payload, 'base64url'))
  const changed = Buffer.from(JSON.stringify({ ...told, preferred_username: 'admin' })).toString('base64url')
  return [header, changed, signature].join('.')
}

async function answer(url) {
  const path = url.pathname
  if (path.startsWith('/fault/')) {
    fault = path.slice('/fault/'.length)
    return {}
  }
  if (path === '/.well-known/openid-configuration') {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    }
  }
  if (path === '/jwks') return { keys: [key.jwk] }
  // About somebody else than the ID token.
  if (path === '/userinfo') return { sub: 'admin', preferred_username: 'admin' }
  return undefined
}

server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer)
  if (url.pathname === '/authorize') {
    const code = randomUUID()
    nonces.set(code, url.searchParams.get('nonce'))
    const back = new URL(url.searchParams.get('redirect_uri'))
    back.searchParams.set('code', code)
    back.searchParams.set('state', fault === 'state' ? 'another' : url.searchParams.get('state'))
    if (fault === 'mixed-up') back.searchParams.set('iss', 'http://127.0.0.1:1')
    if (fault === 'refuses') {
      back.searchParams.delete('code')
      back.searchParams.set('error', 'access_denied')
    }
    response.writeHead(303, { location: back.href }).end()
    return
  }
  let body = await answer(url)
  if (url.pathname === '/token') {
    let form = ''
    for await (const piece of request) form += piece
    const code = new URLSearchParams(form).get('code')
    body = { access_token: randomUUID(), token_type: 'Bearer', id_token: await idToken(nonces.get(code)) }
  }
  response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body ?? {}))
})
console.log(issuer)
