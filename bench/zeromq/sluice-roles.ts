/** What Sluice does over the hub: senders and receivers of the public API. */
import { connect, createHub, queue, type Receiver, type Sender, service, topic } from '../../src/index.ts'
import { type Role, type RoleSettings, tell } from './child.ts'

const jobs = queue('bench-jobs', { durable: false })
const news = topic('bench-news')
const echo = service<Uint8Array, Uint8Array>('bench-echo')
const WARM = 5_000

export const hub: Role = async () => {
  const { urls } = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  tell(urls[0] as string)
  return async () => {}
}

export const queueSender: Role = async (settings) => {
  const connection = await connect(settings.url)
  const sender = await connection.sender(jobs, { capacity: settings.open })
  return () => sendAll(sender, settings)
}

export const queueReceiver: Role = async (settings) => {
  const connection = await connect(settings.url)
  const receiver = await connection.receiver(jobs, { credit: settings.open })
  return () => receiveAll(receiver, settings.count)
}

/** Both in one process. */
export const queueBoth: Role = async (settings) => {
  const connection = await connect(settings.url)
  const sender = await connection.sender(jobs, { capacity: settings.open })
  const receiver = await connection.receiver(jobs, { credit: settings.open })
  return async () => {
    await Promise.all([sendAll(sender, settings), receiveAll(receiver, settings.count)])
  }
}

export const topicSender: Role = async (settings) => {
  const connection = await connect(settings.url)
  const sender = await connection.sender(news, { capacity: settings.open })
  return () => sendAll(sender, settings, 'us.weather')
}

export const topicReceiver: Role = async (settings) => {
  const connection = await connect(settings.url)
  const receiver = await connection.receiver(news.matching('us.*'), { credit: settings.open })
  return () => receiveAll(receiver, settings.count)
}

const respondWith =
  (concurrency: number): Role =>
  async (settings) => {
    const connection = await connect(settings.url)
    await connection.respond(echo, (request) => request.body, { concurrency })
    return async () => {}
  }

export const responder = respondWith(1)
export const responderOfEight = respondWith(8)

export const requester: Role = async (settings) => {
  const connection = await connect(settings.url)
  const body = Buffer.alloc(settings.size, 'x')
  for (let at = 0; at < WARM; at++) await connection.request(echo, body)
  return async () => {
    const times = new Float64Array(settings.count)
    for (let at = 0; at < settings.count; at++) {
      const start = performance.now()
      await connection.request(echo, body)
      times[at] = performance.now() - start
    }
    return percentiles(times)
  }
}

export function percentiles(times: Float64Array): Record<string, number> {
  times.sort()
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)]! * 1_000
  return { p50: at(0.5), p99: at(0.99) }
}

async function sendAll(sender: Sender, { count, size, open }: RoleSettings, subject?: string): Promise<void> {
  const body = Buffer.alloc(size, 'x')
  const fields = subject === undefined ? undefined : { subject }
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) await sender.send(body, fields)
  }
  await Promise.all(Array.from({ length: open }, worker))
}

async function receiveAll(receiver: Receiver, count: number): Promise<void> {
  let received = 0
  for await (const delivery of receiver) {
    void delivery.accept()
    if (++received === count) return
  }
}
