import { resolve } from 'node:path'
import { segmentsFolder } from './recorder'
import { startServer } from './server'

/** The tests read the server's address and token from the environment. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const binary = process.env.RETRACE_BIN
  if (!binary) throw new Error('set RETRACE_BIN to the path of the retrace binary')
  const samples = resolve(import.meta.dirname, '..', process.env.RETRACE_SAMPLES ?? '../../samples')
  const server = await startServer(resolve(binary), [[samples, segmentsFolder]])
  process.env.RETRACE_URL = server.url
  process.env.RETRACE_TOKEN = server.token
  process.env.RETRACE_RECORDER_TOKEN = server.recorderToken
  return server.stop
}
