/** Apache Qpid Broker-J, with bare rhea as the second witness. */
import rhea, { type Connection, type EventContext, type Message, type Receiver } from 'rhea'
import { brokerUrl } from '../../support/brokers.ts'
import type { ForeignFacts, Harness, Witness, WitnessedMessage } from '../suite/index.ts'
import { wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'
import { ownBroker } from './own-broker.ts'

export async function qpidHarness(): Promise<Harness> {
  const url = brokerUrl('qpid')
  const dead = await closedPort()
  const faults = await wireFaults({ url })
  return {
    name: 'qpid',
    target: () => ({ url }),
    faults,
    broker: () => ownBroker('qpid'),
    witness: () => rheaWitness(url),
    process: () => ({ url }),
    deadAddress: () => ({ url: atPort(url, dead) }),
    wrongLogin: () => ({ url, username: 'nobody-knows' }),
    otherPort: (port) => ({ url: atPort(url, port) }),
    stop: () => faults.stop(),
    without: { processRefusal: 'any number of processes may use the broker' },
  }
}

/** Every AMQP 1.0 client percent-escapes a slash in a queue's name as this library's README says. */
const wire = (queue: string): string => queue.replaceAll('%', '%25').replaceAll('/', '%2F')

async function rheaWitness(url: string): Promise<Witness> {
  const { hostname, port, username, password } = new URL(url)
  const connection = rhea.create_container().connect({
    host: hostname,
    port: Number(port),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    reconnect: false,
  })
  await event(connection, 'connection_open')
  return {
    depth: async (queue) => (await take(connection, queue, 'copy', 1_000_000, false)).length,
    async get(queue) {
      const [message] = await take(connection, queue, 'move', 1, true)
      return message && seen(message)
    },
    async put(queue, body, { contentType, properties }: ForeignFacts) {
      const sender = connection.open_sender({ target: { address: wire(queue) } })
      await event(sender, 'sendable')
      const accepted = event(sender, 'accepted')
      sender.send({
        content_type: contentType,
        application_properties: properties,
        body: rhea.message.data_section(Buffer.from(body)),
      })
      await accepted
      sender.close()
    },
    async close() {
      const closed = event(connection, 'connection_close')
      connection.close()
      await closed
    },
  }
}

/** Up to `most` messages that are there now. */
async function take(
  connection: Connection,
  queue: string,
  mode: 'copy' | 'move',
  most: number,
  accept: boolean,
): Promise<Message[]> {
  const messages: Message[] = []
  const receiver: Receiver = connection.open_receiver({
    source: { address: wire(queue), distribution_mode: mode },
    autoaccept: false,
    credit_window: 0,
  })
  const end = new Promise<void>((resolve) => {
    receiver.on('receiver_drained', () => resolve())
    receiver.on('message', ({ message, delivery }: EventContext) => {
      messages.push(message!)
      if (accept) delivery!.accept()
      if (messages.length === most) resolve()
    })
  })
  await event(receiver, 'receiver_open')
  receiver.add_credit(most)
  receiver.drain_credit()
  await end
  const closed = event(receiver, 'receiver_close')
  receiver.close()
  await closed
  return messages
}

function seen(message: Message): WitnessedMessage {
  const body = message.body as { content?: Buffer } | Buffer | undefined
  const content = Buffer.isBuffer(body) ? body : body?.content
  return {
    body: content ?? Buffer.alloc(0),
    value: content ? undefined : message.body,
    contentType: message.content_type,
    properties: message.application_properties ?? {},
    durable: message.durable,
  }
}

function event(
  emitter: { once(name: string, listener: (context: EventContext) => void): unknown },
  name: string,
): Promise<EventContext> {
  return new Promise((resolve) => {
    emitter.once(name, resolve)
  })
}
