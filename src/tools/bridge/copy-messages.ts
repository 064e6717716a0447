/** Copies of messages that are looked at: their queue keeps everything. */
import type { ReceivedMessage, Sender } from '../../index.ts'

interface CopyOptions {
  /** Default: all. */
  readonly fits?: ((message: ReceivedMessage) => boolean) | undefined
  /** Ends after so many. */
  readonly limit: number
  /** Copies on their way at once. */
  readonly capacity: number
  /** What is not durable would end with this process, because the target is a store it has opened itself. */
  readonly makeDurable: boolean
  readonly signal: AbortSignal
  /** Called for each that the target has confirmed. */
  readonly copied: () => void
}

/** Resolves when all are confirmed. @throws the first refusal of the target; further messages are not sent then */
export async function copyMessages(
  messages: AsyncIterable<ReceivedMessage>,
  sender: Sender,
  { fits, limit, capacity, makeDurable, signal, copied }: CopyOptions,
): Promise<void> {
  const open = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  let begun = 0
  for await (const message of messages) {
    if (begun >= limit || signal.aborted || failure) break
    if (fits && !fits(message)) continue
    begun += 1
    const sent = sender
      .forward(message, { timeoutMs: Infinity, signal, ...(makeDurable && { durable: true }) })
      .then(copied, (error) => {
        failure ??= { error }
      })
      .finally(() => open.delete(sent))
    open.add(sent)
    if (open.size >= capacity) await Promise.race(open)
  }
  await Promise.all(open)
  if (failure && !signal.aborted) throw failure.error
}
