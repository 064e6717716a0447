/** Making, deleting, emptying and looking at nodes. */
import type { NodeInfo, NodeRef, NodeSpec } from '../../../contract/adapter.ts'
import { isMessagingError } from '../../../model/errors.ts'
import { isLocked } from '../native-errors.ts'
import { brokersOwn, isReplyAddress } from '../send/reply-address.ts'
import type { Scratch } from '../wire/scratch.ts'
import type { Session } from '../wire/session.ts'
import { forgetProbe, kindOfQueue } from './queue-probe.ts'
import { argumentsOf, exchangeOptions, isBuiltIn, queueOptions, subscriptionQueue } from './topology.ts'

/** @throws `ADDRESS_MISMATCH` when it is there with other settings */
export async function declareNode(session: Session, spec: NodeSpec): Promise<void> {
  const { name, type } = spec
  // A list of members is nothing in itself: each member is a queue of its own.
  if (type === 'multicast') return
  if (isReplyAddress(name)) throw brokersOwn(name)
  try {
    if (type === 'queue') {
      const life = {
        durable: spec.durable,
        autoDelete: spec.autoDelete,
        // One receiver at a time is the receivers' affair; AMQP's «exclusive» ties the queue's life to this connection.
        exclusive: spec.native.exclusive === true && spec.exclusive === false,
      }
      const options = queueOptions(spec, life, session.queueType)
      forgetProbe(session, name)
      const declare = (scratch: Scratch) => scratch.run((channel) => channel.assertQueue(name, options))
      // protocol: RabbitMQ 4.3 ends the connection over a transient queue that is not exclusive, where those are denied.
      const risky = session.majorVersion >= 4 && !options.durable && !options.exclusive
      await (risky ? session.aside.run(declare) : declare(session.scratch))
      session.declared(name, options)
    } else {
      const { type: exchange, options } = exchangeOptions(spec)
      const declare = (scratch: Scratch) =>
        scratch.run((channel) => channel.assertExchange(name, exchange, options))
      // protocol: the broker ends the connection over a type that it does not know.
      await (isBuiltIn(exchange) ? declare(session.scratch) : session.aside.run(declare))
    }
    await bindNode(session, spec)
  } catch (cause) {
    throw session.error(cause, { address: name, operation: 'declare' })
  }
}

export async function deleteNode(session: Session, node: NodeRef): Promise<boolean> {
  try {
    const queue = queueOf(node)
    if (queue !== undefined && (await session.scratch.queue(queue))) {
      forgetProbe(session, queue)
      await session.scratch.run((channel) => channel.deleteQueue(queue))
      return true
    }
    if (!isExchange(node) || !(await session.scratch.exchange(node.name))) return false
    await session.scratch.run((channel) => channel.deleteExchange(node.name))
    return true
  } catch (cause) {
    throw session.error(cause, { address: node.name, operation: 'delete' })
  }
}

export async function purgeNode(session: Session, node: NodeRef): Promise<number> {
  try {
    const queue = queueOf(node)
    // An exchange keeps nothing.
    if (queue === undefined || (node.type === undefined && !(await session.scratch.queue(queue)))) return 0
    return await purgeQueue(session, queue)
  } catch (cause) {
    throw session.error(cause, { address: node.name, operation: 'purge' })
  }
}

/**
 * protocol: the broker ends the connection that purges a stream. An exclusive queue, which is none, belongs to this connection; and who may
 * have no connection more purges what is known to be none.
 */
async function purgeQueue(session: Session, queue: string): Promise<number> {
  const { scratch, aside } = session
  const purge = async (on: Scratch): Promise<number> =>
    (await on.run((channel) => channel.purgeQueue(queue))).messageCount
  try {
    return await aside.run(purge)
  } catch (cause) {
    if (isLocked(cause)) return purge(scratch)
    const alone = isMessagingError(cause, 'CONNECT_FAILED')
    if (alone && (await kindOfQueue(session, queue)) !== 'stream') return purge(scratch)
    throw cause
  }
}

export async function inspectNode(session: Session, node: NodeRef): Promise<NodeInfo | undefined> {
  const { name, type } = node
  if (type === 'multicast') return { ...NOTHING_TOLD, name, type }
  try {
    const queue = queueOf(node)
    if (queue !== undefined) {
      const state = await session.scratch.queue(queue)
      if (state) {
        return {
          ...NOTHING_TOLD,
          name: queue,
          type: 'queue',
          depth: state.messageCount,
          receivers: state.consumerCount,
        }
      }
    }
    if (!isExchange(node) || !(await session.scratch.exchange(name))) return undefined
    return { ...NOTHING_TOLD, name, type: type ?? 'topic' }
  } catch (cause) {
    throw session.error(cause, { address: name, operation: 'inspect' })
  }
}

const NOTHING_TOLD = { depth: undefined, receivers: undefined, durable: undefined, details: {} } as const

/** The queue a reference may mean. */
function queueOf({ name, type, subscription }: NodeRef): string | undefined {
  if (subscription !== undefined) return subscriptionQueue(name, subscription)
  return type === undefined || type === 'queue' ? name : undefined
}

function isExchange({ type, subscription }: NodeRef): boolean {
  return subscription === undefined && type !== 'queue' && type !== 'multicast'
}

async function bindNode({ scratch }: Session, { name, type, bindings }: NodeSpec): Promise<void> {
  for (const { source, target, key = '', arguments: given } of bindings) {
    const args = argumentsOf(given)
    await scratch.run(async (channel) => {
      if (type === 'queue') await channel.bindQueue(target ?? name, source ?? '', key, args)
      else if (target !== undefined) await channel.bindQueue(target, source ?? name, key, args)
      else await channel.bindExchange(name, source ?? '', key, args)
    })
  }
}
