import type { ReactNode } from 'react'
import type { VideoKind } from '../../gql/graphql'
import { ErrorNote } from '../../ui/notes'
import { useRequestVideo, type Product } from './use-media'

type Props = {
  sessionId: string
  kind: VideoKind
  product: Product | undefined
  /** Whether it has to wait for the session to end. */
  isLive: boolean
  /** What the button says, and what there is to say beside it. */
  ask: string
  children?: ReactNode
}

const work: Record<VideoKind, string> = {
  VIDEO: 'A video is being made of the pictures',
  MP4: 'An MP4 is being made',
  THUMBNAILS: 'Thumbnails are being made',
}

/** How far something that is built is, with a button to ask for it, or to ask again. */
export function Processing({ sessionId, kind, product, isLive, ask, children }: Props) {
  const request = useRequestVideo(sessionId, product)
  const button = (label: string) => (
    <button type="button" className="button" disabled={request.isPending} onClick={() => request.mutate(kind)}>
      {label}
    </button>
  )
  return (
    <div className="processing" data-state={product?.state ?? 'NONE'}>
      {children}
      {product === undefined && button(ask)}
      {product?.state === 'REQUESTED' && (
        <p role="status">
          Requested. {isLive ? 'It is made once the session has ended.' : 'It begins as soon as there is room for it.'}
        </p>
      )}
      {product?.state === 'WORKING' && <Progress label={work[kind]} permille={product.progressPermille} />}
      {product?.state === 'FAILED' && (
        <>
          <p role="status">
            It could not be made{product.reason ? ': ' : '.'}
            {product.reason && <span className="processing-reason">{product.reason}</span>}
          </p>
          {button('Try again')}
        </>
      )}
      {request.error && <ErrorNote error={request.error} />}
    </div>
  )
}

/** Without a number the work is done by another node, or has only begun. */
function Progress({ label, permille }: { label: string; permille: number | null }) {
  const percent = permille === null ? undefined : Math.floor(permille / 10)
  return (
    <label className="progress">
      <span role="status">
        {label}
        {percent === undefined ? ' …' : `: ${percent} %`}
      </span>
      <progress max={100} value={percent} />
    </label>
  )
}
