/** Making, deleting, emptying and binding nodes. */
import { formatAddress, MessagingError, parseAddress, queue, topic } from '../../index.ts'
import { type Broker, CALL_MS } from '../brokers/broker.ts'
import { addressOf, placeOf } from '../nodes/address.ts'
import type { Act, ActResult } from '../protocol.ts'

type Done = NonNullable<ActResult['done']>

const CALL = { timeoutMs: CALL_MS }

/** An address string with options says what is made; a name alone is a queue. */
export async function declareNode({ connection }: Broker, address: string): Promise<Done> {
  const { name, options } = parseAddress(address)
  const node =
    options === undefined ? queue(name) : formatAddress({ name, options: { ...options, create: 'always' } })
  await connection.admin.declare(node, CALL)
  return { text: `${name} is there` }
}

export async function deleteNode({ connection, nodes }: Broker, address: string): Promise<Done> {
  const { name } = placeOf(address)
  const wasThere = await connection.admin.delete(addressOf(name), CALL)
  nodes.forget(name)
  return { text: wasThere ? `${name} was deleted` : `There was no ${name}` }
}

export async function purgeNode({ connection }: Broker, address: string): Promise<Done> {
  const { name } = placeOf(address)
  const count = await connection.admin.purge(addressOf(name), CALL)
  return { text: `${count} removed`, count }
}

/** As `sluice bind` does. */
export async function bindNode(
  { connection: { admin } }: Broker,
  { address, to, pattern }: Extract<Act, { act: 'bind' }>,
): Promise<Done> {
  const { name } = placeOf(to)
  const source = placeOf(address).name
  const found = await admin.inspect(queue(name, { create: 'never' }), CALL)
  if (!found)
    throw new MessagingError('ADDRESS_NOT_FOUND', `There is no queue '${name}'`, {
      context: { address: name },
    })
  if (!(await admin.inspect(topic(source, { create: 'never' }), CALL)))
    throw new MessagingError('ADDRESS_NOT_FOUND', `There is no topic '${source}'`, {
      context: { address: source },
    })
  const binding = { exchange: source, ...(pattern !== undefined && { key: pattern }) }
  const node = { type: 'queue', durable: found.durable ?? true, 'x-bindings': [binding] }
  await admin.declare(formatAddress({ name, options: { create: 'always', node } }), CALL)
  return {
    text: `${name} gets ${pattern === undefined ? 'everything' : `what fits ${pattern}`} of ${source}`,
  }
}
