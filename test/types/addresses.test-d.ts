import { expectTypeOf, test } from 'vitest'
import {
  address,
  type Connection,
  type Consumer,
  type Delivery,
  mailbox,
  multicast,
  queue,
  type Rate,
  type ReceivedMessage,
  type Receiver,
  service,
  topic,
} from '../../src/index.ts'

interface Order {
  id: number
}

declare const connection: Connection

test('a body has the type of its address', () => {
  const orders = queue<Order>('orders')
  expectTypeOf(connection.receiver(orders)).resolves.toEqualTypeOf<Receiver<Order>>()
  connection.consume(orders, (delivery) => expectTypeOf(delivery).toEqualTypeOf<Delivery<Order>>())
  // @ts-expect-error a string is no Order
  connection.send(orders, 'text')
  // @ts-expect-error the id is missing
  connection.sender(orders).then((sender) => sender.send({}))
})

test('a batch has the type of its address, and stays as it came', () => {
  const orders = queue<Order>('orders')
  expectTypeOf(
    connection.consumeBatch(orders, (batch) =>
      expectTypeOf(batch).toEqualTypeOf<readonly Delivery<Order>[]>(),
    ),
  ).resolves.toEqualTypeOf<Consumer>()
  // @ts-expect-error its order is not the handler's to change
  connection.consumeBatch(orders, (batch) => batch.reverse())
  // @ts-expect-error an Order has no name
  connection.consumeBatch(orders, (batch) => batch.map((delivery) => delivery.body.name))
  // @ts-expect-error size and waitMs are those of batches
  connection.consume(orders, () => {}, { size: 10 })
  // @ts-expect-error a service has no batches
  connection.consumeBatch(service('quotes'), () => {})
})

test('a rate says how many, and in which time', () => {
  const orders = queue<Order>('orders')
  const rate: Rate = { count: 100, perMs: 1000 }
  connection.consume(orders, () => {}, { rate })
  connection.consumeBatch(orders, () => {}, { rate })
  connection.respond(service<string, string>('echo'), (request) => request.body, { rate })
  // @ts-expect-error in which time?
  connection.consume(orders, () => {}, { rate: { count: 100 } })
  // @ts-expect-error a number has no unit
  connection.consume(orders, () => {}, { rate: 100 })
  // @ts-expect-error a receiver is read as fast as its program likes
  connection.receiver(orders, { rate })
})

test('a response has the type of its service', () => {
  const quotes = service<{ symbol: string }, { price: number }>('quotes')
  expectTypeOf(connection.request(quotes, { symbol: 'X' })).resolves.toEqualTypeOf<
    ReceivedMessage<{ price: number }>
  >()
  // @ts-expect-error the handler returns no price
  connection.respond(quotes, async () => ({ cost: 1 }))
})

test('dead letters go to what is a queue', () => {
  const orders = queue<Order>('orders')
  queue('a', { deadLetter: orders })
  queue('a', { deadLetter: 'dead' })
  queue('a', { deadLetter: mailbox('dead') })
  queue('a', { deadLetter: address('dead; {create: always}') })
  // @ts-expect-error a service is none
  queue('a', { deadLetter: service('dead') })
  // @ts-expect-error a topic is none
  queue('a', { deadLetter: topic('dead') })
})

test('a pattern used wrongly does not compile', () => {
  const quotes = service('quotes')
  // @ts-expect-error a service cannot be browsed
  connection.browse(quotes)
  // @ts-expect-error a service has no receiver
  connection.receiver(quotes)
  // @ts-expect-error a queue has no members
  queue('orders').to('a')
  // @ts-expect-error a list of members is no source
  connection.receiver(multicast('fleet').to('a'))
  // @ts-expect-error a multicast needs its members named
  connection.send(multicast('fleet'), 'x')
  // @ts-expect-error a subscription cannot be sent to
  connection.send(topic('news').matching('#'), 'x')
  // @ts-expect-error a queue cannot be asked
  connection.request(queue('orders'), 'x')
})

test('an address without a body type takes and gives anything', () => {
  connection.sender(queue('orders')).then((sender) => sender.send('text'))
  connection
    .receiver(queue('orders'))
    .then((receiver) => expectTypeOf(receiver).toEqualTypeOf<Receiver<unknown>>())
  connection.request(service('quotes'), 'text')
})
