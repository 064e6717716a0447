/** Bare rhea at a queue, as a second pair of eyes on AMQP 1.0 brokers. */
import rhea, { type Connection, type EventContext, type Message, type Receiver } from 'rhea'
import { bareConnection } from '../../support/bare-rhea.ts'
import type { ForeignFacts, Witness, WitnessedMessage } from '../suite/index.ts'

/**
 * `wire`: what the broker calls a queue. `capabilities`: what a terminus says so that it is taken for one. `drains`: without it only a queue
 * that holds a message may be looked at.
 */
export async function rheaWitness(
  url: string,
  capabilities: readonly string[] = [],
  wire = (queue: string): string => queue,
  drains = true,
): Promise<Witness> {
  const terminus = (queue: string) => ({ address: wire(queue), capabilities: [...capabilities] })
  const connection = await bareConnection(url)
  return {
    depth: async (queue) =>
      (await take(connection, terminus(queue), 'copy', 1_000_000, { accept: false, drains })).length,
    async get(queue) {
      const [message] = await take(connection, terminus(queue), 'move', 1, { accept: true, drains })
      return message && seen(message)
    },
    async put(queue, body, { contentType, properties }: ForeignFacts) {
      const sender = connection.open_sender({ target: terminus(queue) })
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
  source: { address: string; capabilities: string[] },
  mode: 'copy' | 'move',
  most: number,
  { accept, drains }: { accept: boolean; drains: boolean },
): Promise<Message[]> {
  const messages: Message[] = []
  const receiver: Receiver = connection.open_receiver({
    source: { ...source, distribution_mode: mode },
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
  if (drains) receiver.drain_credit()
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
