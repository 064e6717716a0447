/** Redis Cluster with replicas: a send that waits for one asks the master that has the node. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Keys } from '../../../src/adapters/redis/nodes/keys.ts'
import { type Connection, connect, isMessagingError, queue } from '../../../src/index.ts'
import { PrivateBroker } from '../../support/brokers.ts'
import { ClusterSlot } from '../../support/cluster-slot.ts'
import { uniqueName } from '../../support/names.ts'

const REPLICAS = ['node4', 'node5', 'node6']
let broker: PrivateBroker
let connection: Connection

beforeAll(async () => {
  broker = await PrivateBroker.start('redis-cluster')
  const [url] = broker.url.split(',')
  connection = await connect({ url: url!, native: { cluster: true, waitReplicas: 1, waitMs: 500 } })
}, 60_000)
afterAll(async () => {
  await connection?.close()
  await broker?.[Symbol.asyncDispose]()
})

async function whileFrozen(work: () => Promise<void>): Promise<void> {
  for (const role of REPLICAS) await broker.pause(role)
  try {
    await work()
  } finally {
    for (const role of REPLICAS) await broker.resume(role)
  }
}

it('a send is accepted when a replica has it, and unconfirmed when none takes it', async () => {
  expect(connection.capabilities.tiers.durable).toBe('T4')
  const orders = queue<number>(uniqueName('orders'))
  await connection.send(orders, 1)
  await whileFrozen(async () => {
    const error = await connection.send(orders, 2).catch((cause: unknown) => cause)
    expect(isMessagingError(error, 'SEND_UNCONFIRMED')).toBe(true)
  })
  await connection.send(orders, 3)
})

it('when the slot has moved, a replica of its new master is waited for', async () => {
  const orders = queue<number>(uniqueName('orders'))
  await using sender = await connection.sender(orders)
  await sender.send(1)
  await using slot = await ClusterSlot.of(broker.url, new Keys('sluice').queue(orders.name))
  await slot.move()
  // The client hears of the move by this very send.
  await whileFrozen(async () => {
    const error = await sender.send(2).catch((cause: unknown) => cause)
    expect(isMessagingError(error, 'SEND_UNCONFIRMED')).toBe(true)
  })
  await sender.send(3)
})
