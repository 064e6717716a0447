/** Options whose value may be absent: `undefined` is «not said», for programs with exactOptionalPropertyTypes as well. */
import {
  connect,
  type MessageFields,
  queue,
  type ReceiverOptions,
  type SendOptions,
} from '../../src/index.ts'

const ttlMs = undefined as number | undefined
const signal = undefined as AbortSignal | undefined

const fields: Required<{ [Name in keyof MessageFields]: MessageFields[Name] | undefined }> extends infer All
  ? All
  : never = {} as never
const taken: MessageFields & SendOptions = fields
const options: ReceiverOptions = { credit: ttlMs, signal, reliability: undefined, mode: undefined }

export async function compiles(): Promise<void> {
  const place = queue('q', { ttlMs, maxDeliveries: ttlMs, durable: undefined, deadLetter: undefined })
  const connection = await connect({ url: 'memory:', username: undefined, reconnect: undefined, signal })
  await connection.send(place, 1, { ttlMs, signal, ...taken })
  await connection.receiver(place, options)
  await connection.consume(place, () => {}, {
    concurrency: ttlMs,
    credit: ttlMs,
    retry: undefined,
    rate: undefined,
  })
  await connection.consumeBatch(place, () => {}, {
    size: ttlMs,
    waitMs: ttlMs,
    credit: ttlMs,
    rate: undefined,
  })
  await connection.close({ timeoutMs: ttlMs })
}
