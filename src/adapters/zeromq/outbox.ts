/**
 * The one writer of a socket. Records of a turn become one ZeroMQ message; a socket has one send under way at a time (ZeroMQ's rule), what comes meanwhile
 * is gathered for the next.
 */
import { BATCH_BYTES, RecordWriter } from './records.ts'

export class Outbox {
  readonly records = new RecordWriter()
  readonly #send: (batch: Buffer) => Promise<void>
  readonly #failed: (error: unknown) => void
  readonly #full: Buffer[] = []
  #scheduled = false
  #sending: Promise<void> | undefined
  #over = false

  constructor(send: (batch: Buffer) => Promise<void>, failed: (error: unknown) => void) {
    this.#send = send
    this.#failed = failed
  }

  /** Call after writing records. */
  touch(): void {
    if (this.records.length >= BATCH_BYTES) this.#full.push(this.records.take())
    if (this.#scheduled || this.#sending || this.#over) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#sending ??= this.#run().finally(() => {
        this.#sending = undefined
        if (this.#full.length > 0 || this.records.length > 0) this.touch()
      })
    })
  }

  /** Resolves when all that was written is with ZeroMQ. */
  async flush(): Promise<void> {
    while (!this.#over && (this.#scheduled || this.#sending || this.records.length > 0)) {
      await (this.#sending ?? new Promise((resolve) => setImmediate(resolve)))
    }
  }

  end(): void {
    this.#over = true
    this.#full.length = 0
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      const batch = this.#full.shift() ?? (this.records.length > 0 ? this.records.take() : undefined)
      if (!batch) return
      try {
        await this.#send(batch)
      } catch (error) {
        this.#over = true
        this.#failed(error)
      }
    }
  }
}
