/** The control arms on Redis: ioredis by itself. Queues are a Streams loop (XADD, XREADGROUP, XACK and XDEL), fan-out is PUBLISH. */
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { clientLibrary } from '../../core/client-library.ts'
import { redact } from '../../index.ts'
import { type Arm, type ArmEvents, type ArmRun, headersOf } from '../arm.ts'
import type { Workload } from '../workload.ts'

export function ioredisArm(url: string): Arm {
  return {
    library: 'ioredis',
    kind: 'bare',
    adapter: 'redis',
    broker: redact(url),
    patterns: ['point-to-point', 'fan-out', 'store-and-forward'],
    open: (workload, events) =>
      workload.pattern === 'fan-out' ? publish(url, workload, events) : stream(url, workload, events),
  }
}

async function clients(url: string, count: number, events: ArmEvents): Promise<Redis[]> {
  const { Redis } = await clientLibrary('ioredis', () => import('ioredis'))
  return Array.from({ length: count }, () => {
    const client = new Redis(url, { protocol: 2, retryStrategy: () => null })
    client.on('error', (error) => events.failed(error))
    return client
  })
}

async function stream(url: string, workload: Workload, events: ArmEvents): Promise<ArmRun> {
  const key = `sluice-compare-${randomBytes(6).toString('hex')}`
  const [out, settle, ...into] = await clients(url, 2 + workload.receivers, events)
  await out!.xgroup('CREATE', key, 'group', '0', 'MKSTREAM')
  const headers = JSON.stringify(headersOf(workload.headers) ?? {})
  let stopped = false
  const loop = async (client: Redis, index: number): Promise<void> => {
    while (!stopped) {
      const reply = (await client.xreadgroupBuffer(
        'GROUP',
        'group',
        `receiver-${index}`,
        'COUNT',
        workload.credit,
        'BLOCK',
        1000,
        'STREAMS',
        key,
        '>',
      )) as [Buffer, [Buffer, Buffer[]][]][] | null
      const entries = reply?.[0]?.[1] ?? []
      for (const [, fields] of entries)
        events.arrived({ track: 0, receiver: index, body: fields[1]!, redelivered: false })
      if (entries.length === 0) continue
      const ids = entries.map(([id]) => id.toString())
      void settle!
        .pipeline()
        .xack(key, 'group', ...ids)
        .xdel(key, ...ids)
        .exec()
    }
  }
  const attachReceivers = async (): Promise<void> => {
    into.forEach((client, index) => {
      loop(client, index).catch((error) => stopped || events.failed(error))
    })
  }
  if (workload.pattern !== 'store-and-forward') await attachReceivers()
  const appendfsync = ((await out!.config('GET', 'appendfsync').catch(() => [])) as string[])[1] ?? 'unknown'
  return {
    settings: {
      capacity: workload.inFlight,
      credit: workload.credit,
      durable: true,
      confirmed: true,
      accepted: 'one call for a read',
      appendfsync,
    },
    tier: appendfsync === 'always' ? 'T3' : 'T1',
    attachReceivers,
    send: (_sequence, body) => out!.xadd(key, '*', 'body', body, 'headers', headers),
    async close() {
      stopped = true
      await out!.del(key)
      for (const client of [out!, settle!, ...into]) client.disconnect()
    },
  }
}

async function publish(url: string, workload: Workload, events: ArmEvents): Promise<ArmRun> {
  const channel = `sluice-compare-${randomBytes(6).toString('hex')}`
  const [out, ...into] = await clients(url, 1 + workload.receivers, events)
  for (const [track, client] of into.entries()) {
    client.on('messageBuffer', (_channel: Buffer, body: Buffer) =>
      events.arrived({ track, receiver: 0, body, redelivered: false }),
    )
    await client.subscribe(channel)
  }
  return {
    settings: { capacity: workload.inFlight, durable: false, confirmed: true, accepted: 'never' },
    tier: 'T0',
    attachReceivers: async () => {},
    send: (_sequence, body) => out!.publish(channel, body),
    async close() {
      for (const client of [out!, ...into]) client.disconnect()
    },
  }
}
