/**
 * A receiver's place in the line at the server, and the order of what reaches it.
 *
 * Two connections lead from the server to a receiver: on one come the answers to its claims, on the other the words of the line, which
 * call it or hand it a message. Either may overtake the other. Therefore claims are numbered: a word says which claim took the
 * place it was spoken to, an answer says how many messages had been handed over at the place before. With both, everything is
 * passed on in the order in which the server did it.
 *
 *   claim n answered «nothing» ──▶ standing at place n ──called, or its room used up──▶ out of the line
 */

/** What a claim was answered. */
export interface ClaimAnswer {
  readonly claim: number
  /** Messages handed over at the place the receiver had before. */
  readonly handedBefore: number
  /** How many can be handed over at the place it has now; 0: it has none. */
  readonly room: number
}

export interface LineEvents<Answer> {
  answered(answer: Answer): void
  /** A message came along with a word. */
  handed(record: Buffer): void
  /** It no longer stands in the line, and no claim is under way that will see why. `called`: there is something for it. */
  left(called: boolean): void
}

interface Word {
  readonly claim: number
  readonly record: Buffer | undefined
}

export class Line<Answer extends ClaimAnswer> {
  readonly #events: LineEvents<Answer>
  #claims = 0
  /** Claims whose answers were not passed on yet. Mostly one or two; the server may do them in another order. */
  readonly #open = new Set<number>()
  /** The claim that took the last place, and what was handed over there so far. */
  #place = 0
  #handed = 0
  #room = 0
  #standing = false
  /** Ahead of what was handed over before them. */
  readonly #answers: Answer[] = []
  /** Ahead of the answer that tells of their place. */
  #words: Word[] = []
  #ended = false
  #watches: { readonly claim: number; readonly resolve: () => void }[] = []

  constructor(events: LineEvents<Answer>) {
    this.#events = events
  }

  /** Nothing waits at the server; whatever comes will be told. */
  get standing(): boolean {
    return this.#standing
  }

  /** How many more will be handed over before the server waits for another claim. */
  get room(): number {
    return this.#room
  }

  /** Every answer was passed on. */
  get settled(): boolean {
    return this.#open.size === 0
  }

  /** The place known last, for the server to compare with the one it knows. */
  get place(): number {
    return this.#place
  }

  /** Messages that came at that place. */
  get handed(): number {
    return this.#handed
  }

  /** The claim whose answer waits for words that are still on their way, or lost. */
  get waitsAt(): number | undefined {
    return this.#answers[0]?.claim
  }

  /** A number for the next claim. From now on the receiver does not count as standing. */
  claim(): number {
    this.#standing = false
    const number = ++this.#claims
    this.#open.add(number)
    return number
  }

  answer(answer: Answer): void {
    if (this.#ended) return
    this.#answers.push(answer)
    this.#passOn()
  }

  word(claim: number, record: Buffer | undefined): void {
    if (this.#ended) return
    if (this.#open.has(claim)) this.#words.push({ claim, record })
    else this.#hear(claim, record)
  }

  /** Resolves when the answers of all claims made so far were passed on, with what came before them. */
  passedOn(): Promise<void> {
    if (this.settled || this.#ended) return Promise.resolve()
    const claim = this.#claims
    return new Promise((resolve) => this.#watches.push({ claim, resolve }))
  }

  /** Nothing more is passed on. */
  end(): void {
    this.#ended = true
    for (const { resolve } of this.#watches.splice(0)) resolve()
  }

  #passOn(): void {
    for (;;) {
      const next = this.#answers[0]
      if (next === undefined || next.handedBefore > this.#handed) return
      this.#answers.shift()
      this.#open.delete(next.claim)
      if (next.room > 0) {
        this.#place = next.claim
        this.#room = next.room
        this.#standing = this.settled
      }
      this.#handed = 0
      this.#events.answered(next)
      if (this.#watches.length > 0) this.#tell()
      const words = this.#words
      this.#words = []
      for (const { claim, record } of words) this.word(claim, record)
    }
  }

  #tell(): void {
    const oldest = Math.min(...this.#open)
    const done = this.#watches.filter(({ claim }) => claim < oldest)
    this.#watches = this.#watches.filter(({ claim }) => claim >= oldest)
    for (const { resolve } of done) resolve()
  }

  #hear(claim: number, record: Buffer | undefined): void {
    const here = claim === this.#place
    if (record === undefined) {
      if (here) this.#leave(true)
      return
    }
    if (here) {
      this.#handed++
      this.#room--
    }
    this.#events.handed(record)
    if (here && this.#room <= 0) this.#leave(false)
    if (this.#answers.length > 0) this.#passOn()
  }

  #leave(called: boolean): void {
    this.#standing = false
    // A claim under way was made at a time when the server had spoken already: it finds what there is.
    if (this.settled) this.#events.left(called)
  }
}
