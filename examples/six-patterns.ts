/**
 * The six patterns side by side, each in its shortest form.
 *
 *     npx tsx examples/six-patterns.ts [URL]
 */
import { broadcast, connect, mailbox, multicast, queue, type Receiver, service, topic } from '../src/index.ts'

const orders = queue<string>('example-orders')
const alerts = broadcast<string>('example-alerts')
const fleet = multicast<string>('example-fleet')
const news = topic<string>('example-stories')
const quotes = service<string, number>('example-quotes')
const alice = mailbox<string>('example-alice')

await using connection = await connect(process.argv[2] ?? 'memory:')

async function take(receiver: Receiver<string>): Promise<string | undefined> {
  const delivery = await receiver.receive({ timeoutMs: 5_000 })
  await delivery?.accept()
  return delivery?.body
}

// Point-to-point: each message to one of the competing receivers.
await connection.send(orders, 'order 7')
await using clerk = await connection.receiver(orders)
console.log(`point-to-point     ${await take(clerk)}`)

// Broadcast: every receiver attached now.
await using hall = await connection.receiver(alerts)
await using garage = await connection.receiver(alerts)
await connection.send(alerts, 'fire drill')
console.log(`broadcast          ${await take(hall)}, ${await take(garage)}`)

// Multicast: the named members of a list, nobody else.
await using truck1 = await connection.receiver(fleet.member('truck-1'))
await using truck2 = await connection.receiver(fleet.member('truck-2'))
await connection.send(fleet.to('truck-2'), 'come home')
const other = await truck1.receive({ timeoutMs: 0 })
console.log(`multicast          truck-2: ${await take(truck2)}, truck-1: ${other?.body ?? 'nothing'}`)

// Publish-subscribe: every subscription whose pattern fits the subject.
await using weather = await connection.receiver(news.matching('#.weather'))
await connection.send(news, 'who won', { subject: 'us.sports' })
await connection.send(news, 'sunny', { subject: 'us.weather' })
console.log(`publish-subscribe  ${await take(weather)}`)

// Request/response: a question and its answer.
await using broker = await connection.respond(quotes, ({ body }) => body.length)
const { body: price } = await connection.request(quotes, 'ACME')
console.log(`request/response   ${price}`)

// Store-and-forward: kept durably until its owner comes.
await connection.send(alice, 'see you on Monday')
await using owner = await connection.receiver(alice)
console.log(`store-and-forward  ${await take(owner)}`)

for (const link of [clerk, hall, garage, truck1, truck2, weather, broker, owner]) await link.close()
for (const node of [
  orders,
  alerts,
  fleet.member('truck-1'),
  fleet.member('truck-2'),
  fleet,
  news,
  quotes,
  alice,
]) {
  await connection.admin.delete(node)
}
