/**
 * What waits to be sent over a socket. Records of a turn become one ZeroMQ message, or several when they are many; a
 * socket has one send under way at a time (ZeroMQ's rule), what comes meanwhile is gathered for the next.
 */
import { Deque } from '../../../core/deque.ts'
import { BATCH_BYTES, RecordWriter } from '../codec/records.ts'

/**
 * How long what nobody waits for may be held back, so that it travels with something else instead of waking the other
 * end for itself: accepts, and the confirmation of requests. Unit: ms.
 */
export const HOLD_BACK_MS = 2

/** Batches for one peer: full ones, and the one that is being written. */
export class Batches {
  readonly records = new RecordWriter()
  /** The other end puts parts together: large batches are sent in parts. */
  parts = false
  readonly #full = new Deque<Buffer>()
  #bytes = 0

  /** Written and not taken. Unit: bytes. */
  get bytes(): number {
    return this.#bytes + this.records.length
  }

  /** Call after writing: whether a batch is full and should not wait. */
  seal(): boolean {
    if (this.records.length < BATCH_BYTES) return this.#bytes > 0
    this.sealAll()
    return true
  }

  /** What has been written so far becomes a batch. */
  sealAll(): void {
    if (this.records.length === 0) return
    for (const batch of this.parts ? this.records.takeParts() : [this.records.take()]) {
      this.#bytes += batch.length
      this.#full.push(batch)
    }
  }

  /** The next full batch. */
  take(): Buffer | undefined {
    const batch = this.#full.shift()
    if (batch) this.#bytes -= batch.length
    return batch
  }

  /** It could not be sent: it is the next again. */
  putBack(batch: Buffer): void {
    this.#bytes += batch.length
    this.#full.unshift(batch)
  }
}

/** The one writer of a socket with one peer. */
export class Outbox {
  readonly #batches = new Batches()
  readonly #send: (batch: Buffer) => Promise<void>
  readonly #failed: (error: unknown) => void
  #scheduled = false
  #sending = false
  #sent: Promise<void> = Promise.resolve()
  #later: NodeJS.Timeout | undefined
  #over = false

  constructor(send: (batch: Buffer) => Promise<void>, failed: (error: unknown) => void) {
    this.#send = send
    this.#failed = failed
  }

  get records(): RecordWriter {
    return this.#batches.records
  }

  /** The other end puts parts together. */
  inParts(): void {
    this.#batches.parts = true
  }

  /** Call after writing records. */
  touch(): void {
    if (this.#over) return
    if (this.#batches.seal()) this.#start()
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#batches.sealAll()
      this.#start()
    })
  }

  /** Like {@link touch}, for what may wait {@link HOLD_BACK_MS} for company. */
  touchLater(): void {
    if (this.#over || this.#scheduled || this.#later) return
    this.#later = setTimeout(() => {
      this.#later = undefined
      if (this.#batches.bytes > 0) this.touch()
    }, HOLD_BACK_MS)
  }

  /** Resolves when all that was written is with ZeroMQ. */
  async flush(): Promise<void> {
    this.#batches.sealAll()
    this.#start()
    await this.#sent
  }

  end(): void {
    this.#over = true
    clearTimeout(this.#later)
  }

  #start(): void {
    if (this.#sending || this.#over) return
    this.#sent = this.#run()
  }

  async #run(): Promise<void> {
    this.#sending = true
    try {
      for (let batch = this.#batches.take(); batch && !this.#over; batch = this.#batches.take())
        await this.#send(batch)
    } catch (error) {
      if (!this.#over) {
        this.#over = true
        this.#failed(error)
      }
    } finally {
      this.#sending = false
    }
  }
}
