/** What every verb refuses: bodies that are none of their address, and what is nobody's business. */
import { expectTypeOf, test } from 'vitest'
import {
  address,
  type Connection,
  mailbox,
  multicast,
  queue,
  type Receiver,
  type Sender,
  service,
  topic,
} from '../../src/index.ts'
import type { Outbox } from '../../src/outbox/index.ts'

interface Order {
  id: number
}

declare const connection: Connection
declare const sender: Sender<Order>
declare const receiver: Receiver<Order>
declare const outbox: Outbox
declare const anything: unknown
declare const half: Partial<Order>
const orders = queue<Order>('orders')
const prices = service<Order, { cents: number }>('prices')

test('connection.send refuses what sender.send refuses', () => {
  // @ts-expect-error null is no Order
  sender.send(null)
  // @ts-expect-error null is no Order
  connection.send(orders, null)
  // @ts-expect-error undefined is no Order
  sender.send(undefined)
  // @ts-expect-error undefined is no Order
  connection.send(orders, undefined)
  // @ts-expect-error it may be anything
  sender.send(anything)
  // @ts-expect-error it may be anything
  connection.send(orders, anything)
  // @ts-expect-error the id may be missing
  sender.send(half)
  // @ts-expect-error the id may be missing
  connection.send(orders, half)
  // @ts-expect-error the id is a number
  connection.send(mailbox<Order>('notes'), { id: 'seven' })
  // @ts-expect-error an Order has no name
  connection.send(topic<Order>('news'), { id: 7, name: 'x' })
})

test('connection.request refuses what the service does not take', () => {
  // @ts-expect-error null is no Order
  connection.request(prices, null)
  // @ts-expect-error undefined is no Order
  connection.request(prices, undefined)
  // @ts-expect-error it may be anything
  connection.request(prices, anything)
  // @ts-expect-error the id may be missing
  connection.request(prices, half)
  expectTypeOf(connection.request(prices, { id: 7 })).resolves.toHaveProperty('body')
})

test('handlers get what the address says', () => {
  // @ts-expect-error an Order has no name
  connection.consume(orders, ({ body }) => body.name)
  // @ts-expect-error an Order has no name
  connection.respond(prices, ({ body }) => ({ cents: body.name }))
  // @ts-expect-error a body is not written to
  receiver.receive().then((delivery) => (delivery!.body = { id: 1 }))
  // @ts-expect-error a service is no source
  connection.replay(prices)
})

test('fields have their units and types', () => {
  // @ts-expect-error a number of milliseconds
  sender.send({ id: 7 }, { ttlMs: '1000' })
  // @ts-expect-error no such field
  sender.send({ id: 7 }, { ttl: 1000 })
  // @ts-expect-error an object is no property
  sender.send({ id: 7 }, { properties: { deep: { er: 1 } } })
  // @ts-expect-error at-most-once or at-least-once
  connection.sender(orders, { reliability: 'exactly-once' })
  // @ts-expect-error consume or browse
  connection.receiver(orders, { mode: 'peek' })
})

test('a reply goes to any address that something can be sent to', () => {
  sender.send({ id: 7 }, { replyTo: 'answers' })
  sender.send({ id: 7 }, { replyTo: orders })
  sender.send({ id: 7 }, { replyTo: mailbox('ann') })
  sender.send({ id: 7 }, { replyTo: prices })
  sender.send({ id: 7 }, { replyTo: multicast('fleet').member('truck') })
  sender.send({ id: 7 }, { replyTo: address('answers/eu') })
  // @ts-expect-error an answer has no list of receivers
  sender.send({ id: 7 }, { replyTo: multicast('fleet').to('truck') })
  // @ts-expect-error nothing can be sent to a subscription
  sender.send({ id: 7 }, { replyTo: topic('news').subscription('archive') })
  // @ts-expect-error no address
  sender.send({ id: 7 }, { replyTo: { name: 'answers' } })
})

test('an outbox takes the body of its address', () => {
  outbox.send(orders, { id: 7 })
  outbox.send('orders', 'anything')
  // @ts-expect-error null is no Order
  outbox.send(orders, null)
  // @ts-expect-error the id is missing
  outbox.send(orders, {})
  // @ts-expect-error a service is no target
  outbox.send(prices, { id: 7 })
})

test('browse, consume and their like take what they can look into', () => {
  // @ts-expect-error a topic keeps nothing to look at
  connection.browse(topic('news'))
  connection
    .browse(orders)
    .next()
    .then(({ value }) => {
      // @ts-expect-error looked at, not settled
      value?.accept()
    })
  // @ts-expect-error members are sent to, one member receives
  connection.consume(multicast('fleet').to('truck'), () => {})
  // @ts-expect-error a service is answered by respond()
  connection.consume(prices, () => {})
  // @ts-expect-error a queue is not asked
  connection.respond(orders, () => 1)
  // @ts-expect-error origin, or where something can be sent to
  connection.replay(orders, { to: prices })
  // @ts-expect-error letters are Orders
  connection.replay(orders, { where: ({ body }) => body.name === 'x' })
  // @ts-expect-error what is internal is nobody's business
  void sender.retire
  // @ts-expect-error what is internal is nobody's business
  void sender.ended
  // @ts-expect-error a number of milliseconds
  receiver.receive({ timeoutMs: '5' })
  // @ts-expect-error a delay is in ms
  receiver.receive().then((delivery) => delivery!.release({ delay: 5 }))
  // @ts-expect-error a reason is text
  receiver.receive().then((delivery) => delivery!.reject(new Error('x')))
  // @ts-expect-error an address, or its text
  connection.admin.declare({ name: 'orders' })
})
