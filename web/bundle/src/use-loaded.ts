import { useEffect, useState } from 'react'

export type Loaded<T> = { data?: T; error?: string }

/** Something that is loaded once, whoever asks for it. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => (loading ??= load())
}

export function useLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({})
  useEffect(() => {
    let isWanted = true
    load().then(
      (data) => isWanted && setLoaded({ data }),
      (error: unknown) => isWanted && setLoaded({ error: error instanceof Error ? error.message : String(error) }),
    )
    return () => {
      isWanted = false
    }
  }, [load])
  return loaded
}
