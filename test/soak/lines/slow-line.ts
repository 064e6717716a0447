/**
 * Large messages on slow lines, at full size: 3 MB at 100 kB/s up and 64 MiB at 10 MB/s, on every adapter, with the heartbeats as they are.
 *
 *     npm run soak:slow -- [redis|rabbitmq|qpid|zmq]...      (default: all, with brokers of its own)
 */
import { connect, queue } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { uniqueName } from '../../support/names.ts'
import { openPlace } from '../random/place.ts'
import { bodyOf } from '../store/bodies.ts'

const LINES = [
  { bytes: 3_000_000, bytesPerSecond: 100_000 },
  { bytes: 64 * 2 ** 20, bytesPerSecond: 10_000_000 },
]
/** Beside what the line needs. Unit: ms. */
const SLACK_MS = 60_000

const names = process.argv.length > 2 ? process.argv.slice(2) : ['redis', 'rabbitmq', 'qpid', 'zmq']
for (const name of names) {
  await using place = await openPlace(name)
  const url = place.url as string
  for (const { bytes, bytesPerSecond } of LINES) {
    await using proxy = await FaultProxy.before(url)
    await using connection = await connect({ url: proxy.urlFor(url), native: place.native })
    await using direct = await connect({ url, native: place.native })
    let losses = 0
    connection.on('disconnected', () => losses++)
    const orders = queue<Uint8Array>(uniqueName('slow-line'))
    await direct.admin.declare(orders)
    proxy.degrade({ bytesPerSecond })
    const lineMs = (bytes / bytesPerSecond) * 1000
    const timeoutMs = lineMs + SLACK_MS
    const began = performance.now()
    const body = bodyOf('slow', bytes)
    await using receiver = await direct.receiver(orders)
    const told = await connection.send(orders, body, { timeoutMs }).then(
      () => 'accepted',
      (error: Error) => error.message,
    )
    const sentMs = performance.now() - began
    const delivery = await receiver.receive({ timeoutMs: 20_000 })
    const arrived = delivery !== undefined && body.equals(delivery.bytes)
    await delivery?.accept()
    await direct.admin.delete(orders)
    const whole = told === 'accepted' && arrived && losses === 0
    console.log(
      `${name}: ${bytes} bytes at ${bytesPerSecond} bytes/s ${told} after ${(sentMs / 1000).toFixed(1)} s (the line needs ${(lineMs / 1000).toFixed(1)} s), ${arrived ? 'arrived whole' : 'did not arrive whole'}, ${losses} losses`,
    )
    if (!whole) process.exitCode = 1
  }
}
