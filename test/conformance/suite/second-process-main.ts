/** The program of the second process: does what it is told, and ends by itself once it has closed. */
import { broadcast, type Connection, connect, isMessagingError, queue, service } from 'sluice'
import type { Order, Reply } from './second-process.ts'

let connection: Connection | undefined

async function obey(order: Order): Promise<unknown> {
  if (order.do === 'connect') {
    connection = await connect(order.options)
    return undefined
  }
  if (!connection) throw new Error('not connected')
  switch (order.do) {
    case 'send': {
      const sender = await connection.sender(queue(order.queue))
      for (const body of order.bodies) await sender.send(body)
      return undefined
    }
    case 'receive':
    case 'hold': {
      const receiver = await connection.receiver(queue(order.queue))
      const bodies: unknown[] = []
      while (bodies.length < order.count) {
        const delivery = await receiver.receive({ timeoutMs: 8_000 })
        if (!delivery) break
        bodies.push(delivery.body)
        if (order.do === 'receive') await delivery.accept()
      }
      if (order.do === 'receive') await receiver.close()
      return bodies
    }
    case 'respond':
      await connection.respond(service<string, string>(order.service), (request) => `echo ${request.body}`)
      return undefined
    case 'broadcast':
      await connection.send(broadcast(order.broadcast), order.body)
      return undefined
    case 'leave': {
      const sender = await connection.sender(queue(order.queue))
      const sends = order.bodies.map((body) => sender.send(body))
      await connection.close()
      await Promise.all(sends)
      return undefined
    }
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => answer({ result }, order.do === 'leave'),
    (error: unknown) => {
      const code = isMessagingError(error) ? error.code : 'INTERNAL'
      answer({ error: { code, message: error instanceof Error ? error.message : String(error) } }, false)
    },
  )
})

/** `last`: nothing but the library may keep this process alive from now on. */
function answer(reply: Reply, last: boolean): void {
  process.send!(reply, undefined, undefined, () => {
    if (last) process.disconnect()
  })
}
