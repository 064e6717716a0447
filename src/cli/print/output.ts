/**
 * Writing to stdout and stderr: gathered, with back-pressure, and told when nobody reads any more.
 *
 * Order: a message is accepted at the broker only after `flush` has resolved for its text, so that what could not be
 * written is delivered again.
 */
import type { Writable } from 'node:stream'
import { CommandError } from '../command/errors.ts'

/** The reader has gone (`drain | head`). Ends a command quietly. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/** Gathered text is written at this size. Unit: bytes. */
const HIGH_WATER = 64 * 1024

export class Output {
  readonly isTerminal: boolean
  /** Columns of the terminal. */
  readonly width: number
  readonly #stream: Writable
  #chunks: Buffer[] = []
  #bytes = 0
  /** Why nothing more can be written. */
  #failure: Error | undefined

  constructor(stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }) {
    this.#stream = stream
    this.isTerminal = stream.isTTY === true
    this.width = stream.columns ?? 100
    stream.on('error', (error) => {
      this.#failure ??= failureOf(error)
    })
  }

  /** Gathers; nothing is copied, so bytes must not change before `flush`. */
  push(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) {
      const chunk =
        typeof part === 'string'
          ? Buffer.from(part)
          : Buffer.from(part.buffer, part.byteOffset, part.byteLength)
      this.#chunks.push(chunk)
      this.#bytes += chunk.byteLength
    }
  }

  /** Enough is gathered to be worth a write. */
  get isFull(): boolean {
    return this.#bytes >= HIGH_WATER
  }

  /** Resolves when the operating system has it. @throws OutputClosed, or a CommandError when the disk is full */
  async flush(): Promise<void> {
    if (this.#failure) throw this.#failure
    if (this.#bytes === 0) return
    const data = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#bytes = 0
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(data, (error) => {
        if (!error) return resolve()
        this.#failure ??= failureOf(error)
        reject(this.#failure)
      })
    })
  }

  /** One line, written at once. */
  async line(text = ''): Promise<void> {
    this.push(`${text}\n`)
    await this.flush()
  }
}

function failureOf(error: NodeJS.ErrnoException): Error {
  const readerGone = error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
  if (readerGone) return new OutputClosed('The reader of the output has gone')
  return new CommandError(
    `the output cannot be written: ${error.message}`,
    'Make room where it goes; what drain could not write is still at the broker.',
  )
}
