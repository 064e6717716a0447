/** rhea-promise on the same point-to-point work. */
import rhea from 'rhea'
import { Connection, type Message, ReceiverEvents } from 'rhea-promise'
import type { Arm } from '../../src/compare/arm.ts'
import { connect, queue } from '../../src/index.ts'

export function rheaPromisePeer(url: string): Arm {
  return {
    library: 'rhea-promise',
    kind: 'peer',
    adapter: 'qpid',
    url,
    patterns: ['point-to-point'],
    async open({ name, workload }, events) {
      const node = queue(name)
      const admin = await connect(url)
      await admin.admin.declare(node)
      const { hostname, port, username, password } = new URL(url)
      const connection = new Connection({
        host: hostname,
        port: Number(port),
        username: decodeURIComponent(username),
        password: decodeURIComponent(password),
        reconnect: false,
      })
      await connection.open()
      const sender = await connection.createAwaitableSender({ target: { address: name } })
      const receiver = await connection.createReceiver({
        source: { address: name },
        credit_window: workload.credit,
        autoaccept: false,
      })
      receiver.on(ReceiverEvents.message, (context) => {
        const body = context.message?.body as { content?: Buffer }
        events.arrived(body.content ?? (body as Buffer), false, 0, 0)
        context.delivery?.accept()
      })
      return {
        settings: {
          capacity: workload.inFlight,
          credit: workload.credit,
          durable: workload.durable,
          confirmed: 'each',
          accepted: 'each',
        },
        tier: workload.durable ? 'T2' : 'T1',
        attachReceivers: async () => {},
        // The fields that the other arms send as well: a broker stores and passes on every one of them.
        send: (sequence, body) =>
          sender.send({
            message_id: `${name}-${sequence}`,
            durable: workload.durable,
            content_type: 'application/octet-stream',
            creation_time: new Date(),
            body: rhea.message.data_section(body),
          } as Message),
        async close() {
          await connection.close()
          await admin.admin.delete(node)
          await admin.close()
        },
      }
    },
    async sweep({ name }) {
      await using connection = await connect(url)
      await connection.admin.delete(queue(name))
    },
  }
}
