/** A program that takes as many deliveries as it is told, says so, and settles none of them. */
import { redisAdapter } from '../../../../src/adapters/redis/adapter.ts'
import { Inbox, Reports, receiverSpec, target } from '../../../support/contract.ts'

const [url, queue, count, leaseMs] = process.argv.slice(2) as [string, string, string, string]
const connection = await redisAdapter.connect(
  target(url, { native: { leaseMs: Number(leaseMs) } }),
  new Reports(),
  AbortSignal.timeout(10_000),
)
const inbox = new Inbox()
await connection.attachReceiver(
  receiverSpec({ name: queue, type: 'queue' }, { credit: Number(count) }),
  inbox,
)
await inbox.take(Number(count))
process.send?.('held')
