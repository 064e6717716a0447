/** What every verb refuses: bodies that are none of their address, and what is nobody's business. */
import { expectTypeOf, test } from 'vitest'
import {
  type Connection,
  mailbox,
  queue,
  type Receiver,
  type Sender,
  service,
  topic,
} from '../../src/index.ts'

interface Order {
  id: number
}

declare const connection: Connection
declare const sender: Sender<Order>
declare const receiver: Receiver<Order>
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
