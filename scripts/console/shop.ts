/** What the pictures show: a shop with a few queues, dead letters, and a little going on. */
import { type Connection, queue, topic } from '../../src/index.ts'

type Connections = ReadonlyMap<string, Connection>

const SUBJECTS = ['order.created', 'order.paid', 'order.shipped']
const REGIONS = ['eu', 'us', 'ap']
const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Mary Shaw', 'Radia Perlman']
const QUEUES = ['invoices', 'mail-out', 'thumbnails', 'webhooks', 'audit']

const orders = queue('orders', { deadLetter: 'orders-dead' })

function order(index: number) {
  return {
    id: 48_210 + index,
    customer: { name: NAMES[index % NAMES.length], country: REGIONS[index % 3] },
    total: Math.round(((index * 7919) % 90_000) + 900) / 100,
    lines: [{ sku: `A-${(index * 31) % 100}`, count: (index % 4) + 1 }],
    paid: index % 3 !== 0,
  }
}

async function sendOrders(connection: Connection, from: number, to: number): Promise<void> {
  await using sender = await connection.sender(orders)
  for (let index = from; index < to; index++) {
    await sender.send(order(index), {
      id: `order-${48_210 + index}`,
      subject: SUBJECTS[index % 3]!,
      priority: index % 13 === 0 ? 9 : 4,
      properties: { region: REGIONS[index % 3]!, attempt: (index % 4) + 1 },
    })
  }
}

async function bury(connection: Connection, count: number): Promise<void> {
  await using receiver = await connection.receiver(orders)
  for (let index = 0; index < count; index++) {
    const delivery = await receiver.receive({ timeoutMs: 5000 })
    await delivery?.reject(['card declined', 'card declined', 'address unknown', 'out of stock'][index % 4])
  }
}

export async function fillShop(connections: Connections): Promise<void> {
  const shop = connections.get('shop')!
  await sendOrders(shop, 0, 46)
  await bury(shop, 46)
  await sendOrders(shop, 100, 230)
  const archive = connections.get('archive')!
  await sendOrders(archive, 105, 230)
  await archive.send(orders, { ...order(300), paid: null }, { id: 'order-48310' })
  await archive.send(orders, { ...order(101), total: 0 }, { id: 'order-48311', subject: 'order.refunded' })
  await archive.send(orders, order(700), { id: 'order-48910', subject: 'order.created' })
  for (const [place, connection] of [...connections.values()].entries()) {
    for (const [index, name] of QUEUES.entries()) {
      await using sender = await connection.sender(queue(name))
      const count = ((place + 2) * (index + 3) * 17) % 120
      await Promise.all(Array.from({ length: count }, (_, at) => sender.send(order(at))))
    }
    await connection.admin.declare(topic('news'))
  }
}

/** Messages come and go until the function returned is called. */
export function keepMoving(connections: Connections): () => void {
  let step = 0
  const timer = setInterval(() => {
    step++
    for (const [place, connection] of [...connections.values()].entries()) {
      for (const [index, name] of QUEUES.entries()) {
        const wave = Math.sin(step / 6 + place + index * 2)
        const count = Math.round(Math.abs(wave) * (index + 1) * 2)
        if (wave > 0)
          for (let at = 0; at < count; at++) void connection.send(queue(name), order(at)).catch(() => {})
        else void take(connection, name, count).catch(() => {})
      }
    }
  }, 900)
  return () => clearInterval(timer)
}

async function take(connection: Connection, name: string, count: number): Promise<void> {
  await using receiver = await connection.receiver(queue(name), { credit: Math.max(1, count) })
  for (let at = 0; at < count; at++) await (await receiver.receive({ timeoutMs: 300 }))?.accept()
}
