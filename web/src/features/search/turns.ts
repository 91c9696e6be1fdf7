/** Work that waits for its turn: so many have theirs at once, in the order in which they came. */
export class Turns {
  private readonly waiting = new Set<() => void>()
  private taken = 0

  constructor(private readonly atOnce: number) {}

  /** Calls `begin` once it is its turn. The answer gives the turn back, or the place in the queue. */
  take(begin: () => void): () => void {
    let isOver = false
    let hasBegun = false
    const start = () => {
      hasBegun = true
      this.taken += 1
      begin()
    }
    this.waiting.add(start)
    this.callNext()
    return () => {
      if (isOver) return
      isOver = true
      if (hasBegun) this.taken -= 1
      else this.waiting.delete(start)
      this.callNext()
    }
  }

  private callNext(): void {
    for (const start of this.waiting) {
      if (this.taken >= this.atOnce) return
      this.waiting.delete(start)
      start()
    }
  }
}
