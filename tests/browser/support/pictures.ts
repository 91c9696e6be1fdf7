import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from '@playwright/test'
import { segmentsFolder } from './recorder'

const run = promisify(execFile)
const width = 800
const height = 600
/** The segments have ten frames a second. */
const frameMs = 100

/** The brightness of every pixel of the picture that the segments show at a time, as FFmpeg decodes it. */
export async function pictureAt(atMs: number): Promise<Uint8Array> {
  const segment = `${String(Math.floor(atMs / 1000)).padStart(3, '0')}.webm`
  const frame = Math.floor((atMs % 1000) / frameMs)
  const select = ['-vf', `select=eq(n\\,${frame})`, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray', '-']
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', join(segmentsFolder, segment), ...select], {
    encoding: 'buffer',
    maxBuffer: 16 << 20,
  })
  if (stdout.length !== width * height) throw new Error(`FFmpeg gave ${stdout.length} bytes for ${atMs} ms`)
  return stdout
}

/** The same of the picture that the browser shows. */
export async function pictureShown(page: Page): Promise<Uint8Array> {
  const shown = await page.getByTestId('video').evaluate((element) => {
    const video = element as HTMLVideoElement
    const canvas = document.createElement('canvas')
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    const context = canvas.getContext('2d')
    context?.drawImage(video, 0, 0)
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray()
    let text = ''
    for (let at = 0; at < pixels.length; at += 4) {
      const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3)
      text += String.fromCharCode(Math.round(0.299 * red + 0.587 * green + 0.114 * blue))
    }
    return btoa(text)
  })
  return Buffer.from(shown, 'base64')
}

/** How far apart two pictures are: the mean difference of their pixels, of 255. */
export function difference(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== other.length) throw new Error(`pictures of ${one.length} and ${other.length} pixels`)
  let sum = 0
  for (const [at, brightness] of one.entries()) sum += Math.abs(brightness - (other[at] ?? 0))
  return sum / one.length
}
