/** The control arm on AMQP 1.0: rhea by itself, one session per link, credit by hand, every outcome awaited. */
import { randomBytes } from 'node:crypto'
import type { EventContext, Receiver, Sender } from 'rhea'
import { clientLibrary } from '../../core/client-library.ts'
import { connect, MessagingError, queue, redact } from '../../index.ts'
import { type Arm, type ArmEvents, type ArmRun, headersOf } from '../arm.ts'
import type { Workload } from '../workload.ts'

export function rheaArm(url: string): Arm {
  return {
    library: 'rhea',
    kind: 'bare',
    adapter: 'qpid',
    broker: redact(url),
    patterns: ['point-to-point', 'store-and-forward'],
    open: (workload, events) => open(url, workload, events),
  }
}

async function open(url: string, workload: Workload, events: ArmEvents): Promise<ArmRun> {
  const { default: rhea } = await clientLibrary('rhea', () => import('rhea'))
  const name = `sluice-compare-${randomBytes(6).toString('hex')}`
  // The node is the one thing AMQP 1.0 has no word for: made and deleted through the library, measured without it.
  const admin = await connect(url)
  const node = queue(name, { durable: workload.durable })
  await admin.admin.declare(node)
  const { hostname, port, username, password } = new URL(url)
  const container = rhea.create_container()
  const connection = container.connect({
    host: hostname,
    port: Number(port || 5672),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    reconnect: false,
    ...{ tcp_no_delay: true },
  })
  connection.on(
    'disconnected',
    (context: EventContext) => context.error && events.failed(context.error as Error),
  )
  await once(connection, 'connection_open')
  const sender = await openSender(connection, name)
  const pending = new Map<unknown, { resolve(): void; reject(error: Error): void }>()
  const settle = (context: EventContext, error?: Error): void => {
    const waiting = pending.get(context.delivery)
    pending.delete(context.delivery)
    if (error) waiting?.reject(error)
    else waiting?.resolve()
  }
  sender.on('accepted', (context: EventContext) => settle(context))
  for (const outcome of ['rejected', 'released', 'modified']) {
    sender.on(outcome, (context: EventContext) =>
      settle(context, new MessagingError('SEND_REJECTED', outcome)),
    )
  }
  const headers = headersOf(workload.headers)
  const receivers: Receiver[] = []
  const attachReceivers = async (): Promise<void> => {
    for (let index = 0; index < workload.receivers; index++)
      receivers.push(await openReceiver(connection, name, workload.credit, index, events))
  }
  if (workload.pattern !== 'store-and-forward') await attachReceivers()
  const ids = `${name}-`
  return {
    settings: {
      capacity: workload.inFlight,
      credit: workload.credit,
      durable: workload.durable,
      confirmed: true,
      accepted: 'one by one',
    },
    tier: workload.durable ? 'T2' : 'T1',
    attachReceivers,
    send: (sequence, body) =>
      new Promise<void>((resolve, reject) => {
        const delivery = sender.send({
          message_id: ids + sequence,
          durable: workload.durable,
          content_type: 'application/octet-stream',
          creation_time: new Date(),
          application_properties: headers,
          body: rhea.message.data_section(body),
        })
        pending.set(delivery, { resolve, reject })
      }),
    async close() {
      connection.close()
      await once(connection, 'connection_close').catch(() => {})
      await admin.admin.delete(node)
      await admin.close()
    },
  }
}

type Emitter = { once(event: string, listener: (context: EventContext) => void): unknown }

function once(emitter: Emitter, event: string): Promise<void> {
  return new Promise((resolve) => {
    emitter.once(event, () => resolve())
  })
}

interface Sessions {
  create_session(): {
    begin(): void
    open_sender(options: object): Sender
    open_receiver(options: object): Receiver
  }
}

async function openSender(connection: unknown, name: string): Promise<Sender> {
  const session = (connection as Sessions).create_session()
  session.begin()
  const sender = session.open_sender({
    target: { address: name },
    source: { outcomes: ['amqp:accepted:list', 'amqp:rejected:list'] },
    session_buffer_size: { incoming: 8192, outgoing: 8192 },
  })
  await once(sender as unknown as Emitter, 'sendable')
  return sender
}

async function openReceiver(
  connection: unknown,
  name: string,
  credit: number,
  index: number,
  events: ArmEvents,
): Promise<Receiver> {
  const session = (connection as Sessions).create_session()
  session.begin()
  const receiver = session.open_receiver({ source: { address: name }, autoaccept: false, credit_window: 0 })
  receiver.on('message', (context: EventContext) => {
    const { message, delivery } = context
    const body = (message!.body as { content?: Buffer }).content ?? (message!.body as Buffer)
    events.arrived({ track: 0, receiver: index, body, redelivered: (message!.delivery_count ?? 0) > 0 })
    delivery!.accept()
    receiver.add_credit(1)
  })
  await once(receiver as unknown as Emitter, 'receiver_open')
  receiver.add_credit(credit)
  return receiver
}
