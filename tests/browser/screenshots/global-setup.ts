import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { startServer } from '../support/server'

const root = resolve(import.meta.dirname, '../../..')
const samples = (...names: string[]) => names.map((name) => join(root, 'samples', name))
const desktop = (name: string) => join(root, 'samples-desktop', name)
const bastion = ['--user', 'ops', '--host', 'bastion-1']

/** What `make run` imports. */
const imports = [
  [...bastion, ...samples('deploy-v3.cast', 'incident-v2.cast', 'script', 'ops.ttyrec')],
  samples('sudo-i', 'plain.tlog.json', 'with-input.tlog.json'),
  [...bastion, '--protocol', 'vnc', desktop('vnc-ops.guac')],
  [...bastion, desktop('desktop-vp9-1fps.webm')],
  samples('alternate-screen-v2.cast', 'long-lines-v2.cast', 'wide-v2.cast'),
]

/** What has a history, somebody must have done. */
const done = [
  ['settings', 'set', 'policy.max_length_s', '8h', '--reason', 'the works council’s agreement of 2026'],
  ['settings', 'set', 'policy.inactivity_s', '20m'],
  ['settings', 'set', 'policy.inactivity_s', '15m', '--reason', 'as the bank asks'],
  ['settings', 'set', 'video.frame_rate', '12', '--reason', 'ticket 4711: pointers jumped'],
  ['grant', 'give', 'group:soc', '--role', 'auditor', '--reason', 'reviews all sessions'],
  ['grant', 'give', 'group:dba', '--role', 'history', '--site', 'north'],
  ['grant', 'give', 'user:ines', '--role', 'revealer', '--reason', 'the data protection officer'],
  ['token', 'create', '--name', 'siem collector', '--role', 'siem'],
  ['token', 'create', '--name', 'bastion-1', '--role', 'recorder'],
]

export default async function globalSetup(): Promise<() => Promise<void>> {
  const binary = resolve(process.env.RETRACE_BIN ?? '')
  // Whose name stands in the log.
  process.env.USER = 'mara'
  const server = await startServer(binary, imports, 'mara')
  for (const command of done) await promisify(execFile)(binary, [...command, '--data', server.data])
  process.env.RETRACE_URL = server.url
  process.env.RETRACE_TOKEN = server.token
  process.env.RETRACE_RECORDER_TOKEN = server.recorderToken
  return server.stop
}
