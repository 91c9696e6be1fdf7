import { EmptyNote } from '../../ui/notes'
import { Processing } from './Processing'
import { productOf } from './source'
import type { Media } from './use-media'

type Props = { sessionId: string; media: Media; isLive: boolean }

const codecNames: Record<string, string> = { vp8: 'VP8', vp9: 'VP9', av1: 'AV1', h264: 'H.264' }
export const codecName = (codec: string) => codecNames[codec] ?? codec

/** Takes the place of the stage where nothing can be played yet. */
export function Unplayable({ sessionId, media, isLive }: Props) {
  const { video } = media
  const pictures = productOf(media, 'VIDEO')
  const mp4 = productOf(media, 'MP4')
  if (!video && pictures && pictures.state !== 'COMPLETED') {
    return (
      <EmptyNote title="There is no video of this session yet.">
        <Processing sessionId={sessionId} kind="VIDEO" product={pictures} isLive={isLive} ask="Make the video" />
      </EmptyNote>
    )
  }
  if (mp4?.state === 'COMPLETED') {
    return (
      <EmptyNote title="This browser cannot play the video.">
        <span>Another browser may. The video can be downloaded below.</span>
      </EmptyNote>
    )
  }
  const title = video
    ? `This browser cannot play what was captured (${codecName(video.codec)}).`
    : 'What was captured does not play as it is.'
  return (
    <EmptyNote title={title}>
      <Processing sessionId={sessionId} kind="MP4" product={mp4} isLive={isLive} ask="Request video processing">
        <span>A video that all browsers play can be made of it.</span>
      </Processing>
    </EmptyNote>
  )
}
