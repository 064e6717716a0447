/** BullMQ on the same point-to-point work: one job per message, removed when done. */
import { Queue, Worker } from 'bullmq'
import type { Arm } from '../../src/compare/arm.ts'

export function bullmqPeer(url: string): Arm {
  return {
    library: 'bullmq',
    kind: 'peer',
    adapter: 'redis',
    url,
    patterns: ['point-to-point'],
    async open({ workload, name }, events) {
      const connection = connectionOf(url)
      const queue = new Queue(name, { connection })
      const worker = new Worker(
        name,
        async (job) => events.arrived(Buffer.from(job.data as string, 'base64'), false, 0, 0),
        { connection, concurrency: workload.credit, removeOnComplete: { count: 0 } },
      )
      worker.on('error', (error) => events.failed(error))
      await worker.waitUntilReady()
      return {
        settings: {
          capacity: workload.inFlight,
          concurrency: workload.credit,
          confirmed: 'each',
          accepted: 'each',
        },
        tier: 'T3',
        attachReceivers: async () => {},
        send: (_sequence, body) => queue.add('message', body.toString('base64')),
        async close() {
          await worker.close()
          await queue.obliterate({ force: true })
          await queue.close()
        },
      }
    },
    async sweep({ name }) {
      const queue = new Queue(name, { connection: connectionOf(url) })
      await queue.obliterate({ force: true })
      await queue.close()
    },
  }
}

function connectionOf(url: string) {
  const { hostname, port, password, username } = new URL(url)
  return {
    host: hostname,
    port: Number(port || 6379),
    password: decodeURIComponent(password) || undefined,
    username: decodeURIComponent(username) || undefined,
    maxRetriesPerRequest: null,
  }
}
