/** rhea-promise on the same point-to-point work. */
import { randomBytes } from 'node:crypto'
import rhea from 'rhea'
import { Connection, type Message, ReceiverEvents } from 'rhea-promise'
import type { Arm } from '../../src/compare/arm.ts'
import { connect, queue, redact } from '../../src/index.ts'

export function rheaPromisePeer(url: string): Arm {
  return {
    library: 'rhea-promise',
    kind: 'peer',
    adapter: 'qpid',
    broker: redact(url),
    patterns: ['point-to-point'],
    async open(workload, events) {
      const name = `sluice-compare-${randomBytes(6).toString('hex')}`
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
        events.arrived({ track: 0, receiver: 0, body: body.content ?? (body as Buffer), redelivered: false })
        context.delivery?.accept()
      })
      return {
        settings: {
          capacity: workload.inFlight,
          credit: workload.credit,
          durable: workload.durable,
          confirmed: true,
          accepted: 'one by one',
        },
        tier: workload.durable ? 'T2' : 'T1',
        attachReceivers: async () => {},
        send: (sequence, body) =>
          sender.send({
            message_id: String(sequence),
            durable: workload.durable,
            body: rhea.message.data_section(body),
          } as Message),
        async close() {
          await connection.close()
          await admin.admin.delete(node)
          await admin.close()
        },
      }
    },
  }
}
