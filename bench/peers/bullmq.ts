/** BullMQ on the same point-to-point work: one job per message, removed when done. */
import { randomBytes } from 'node:crypto'
import { Queue, Worker } from 'bullmq'
import type { Arm } from '../../src/compare/arm.ts'
import { redact } from '../../src/index.ts'

export function bullmqPeer(url: string): Arm {
  return {
    library: 'bullmq',
    kind: 'peer',
    adapter: 'redis',
    broker: redact(url),
    patterns: ['point-to-point'],
    async open(workload, events) {
      const { hostname, port, password, username } = new URL(url)
      const connection = {
        host: hostname,
        port: Number(port),
        password: decodeURIComponent(password) || undefined,
        username: decodeURIComponent(username) || undefined,
        maxRetriesPerRequest: null,
      }
      const name = `sluice-compare-${randomBytes(6).toString('hex')}`
      const queue = new Queue(name, { connection })
      const worker = new Worker(
        name,
        async (job) =>
          events.arrived({
            track: 0,
            receiver: 0,
            body: Buffer.from(job.data as string, 'base64'),
            redelivered: false,
          }),
        { connection, concurrency: workload.credit, removeOnComplete: { count: 0 } },
      )
      worker.on('error', (error) => events.failed(error))
      await worker.waitUntilReady()
      return {
        settings: {
          capacity: workload.inFlight,
          concurrency: workload.credit,
          confirmed: true,
          accepted: 'one by one',
        },
        tier: 'T1',
        attachReceivers: async () => {},
        send: (_sequence, body) => queue.add('message', body.toString('base64')),
        async close() {
          await worker.close()
          await queue.obliterate({ force: true })
          await queue.close()
        },
      }
    },
  }
}
