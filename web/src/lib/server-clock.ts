/**
 * What time it is for the server. The clock of this browser may be wrong by any amount; each answer says when it was made,
 * to the second, between the moments at which it was asked for and arrived, and all together say it more exactly.
 */
export class ServerClock {
  /** How far the server's clock is ahead of this one: between these two. */
  private least = -Infinity
  private most = Infinity

  /** Takes the header `Date` of an answer, and when it was asked for and arrived here. */
  heard(date: string | null, askedMs: number, arrivedMs: number): void {
    const dateMs = date === null ? Number.NaN : Date.parse(date)
    if (Number.isNaN(dateMs)) return
    const [least, most] = [dateMs - arrivedMs, dateMs + 1_000 - askedMs]
    // One of the clocks was set: what was known before is of no use.
    const isOther = least > this.most || most < this.least
    this.least = isOther ? least : Math.max(least, this.least)
    this.most = isOther ? most : Math.min(most, this.most)
  }

  /** Undefined until something was heard. */
  at(hereMs: number): number | undefined {
    return this.most === Infinity ? undefined : hereMs + (this.least + this.most) / 2
  }
}

export const serverClock = new ServerClock()
