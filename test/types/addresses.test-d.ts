import { expectTypeOf, test } from 'vitest'
import {
  address,
  type Connection,
  type Delivery,
  mailbox,
  multicast,
  queue,
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
