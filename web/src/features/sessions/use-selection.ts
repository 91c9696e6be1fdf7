import { useState } from 'react'

export type Selection = {
  has: (id: string) => boolean
  toggle: (id: string) => void
  set: (ids: readonly string[]) => void
}

/** What is ticked, by id. It outlives scrolling and loading, not the page. */
export function useSelection(): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  return {
    has: (id) => chosen.has(id),
    toggle: (id) => {
      const next = new Set(chosen)
      if (!next.delete(id)) next.add(id)
      setChosen(next)
    },
    set: (ids) => setChosen(new Set(ids)),
  }
}
