/** Redis Cluster with replicas: a send that waits for one asks the master that has the node. */
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, Command, Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isConnectionError } from '../../../../src/adapters/redis/errors.ts'
import { Keys } from '../../../../src/adapters/redis/nodes/keys.ts'
import { endpointOf } from '../../../../src/adapters/redis/options.ts'
import { ReplicaWait } from '../../../../src/adapters/redis/wire/replica-wait.ts'
import { type Connection, connect, isMessagingError, queue } from '../../../../src/index.ts'
import { PrivateBroker } from '../../../support/brokers.ts'
import { ClusterSlot } from '../../../support/cluster-slot.ts'
import { target } from '../../../support/contract.ts'
import { eventually } from '../../../support/eventually.ts'
import { uniqueName } from '../../../support/names.ts'

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

it('a replica that takes over by command ends no sender, and all that was accepted is there', async () => {
  const orders = queue<number>(uniqueName('orders'))
  await using sender = await connection.sender(orders, { capacity: 50 })
  const key = new Keys('sluice').queue(orders.name)
  const accepted = new Set<number>()
  const failed: unknown[] = []
  let [next, running] = [0, true]
  const send = async (): Promise<void> => {
    while (running) {
      const at = next++
      await sender.send(at).then(
        () => accepted.add(at),
        async (error: unknown) => {
          failed.push(error)
          await delay(20)
        },
      )
    }
  }
  const senders = Array.from({ length: 50 }, send)
  try {
    for (let times = 0; times < 2; times++) {
      await takeOver(key)
      const before = accepted.size
      await eventually(() => accepted.size > before + 100, { timeoutMs: 15_000, what: 'sends go on' })
    }
  } finally {
    running = false
  }
  await Promise.all(senders)
  // In doubt: the new master had no replica yet.
  expect(failed.filter((error) => !isMessagingError(error, 'SEND_UNCONFIRMED'))).toEqual([])
  const receiver = await connection.receiver(orders)
  while (accepted.size > 0) {
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    if (delivery === undefined) break
    accepted.delete(delivery.body)
    await delivery.accept()
  }
  expect([...accepted]).toEqual([])
}, 60_000)

it('what a master took before a replica replaced it is in doubt, whatever the new one says', async () => {
  const { password, hostname, port } = new URL(broker.url.split(',')[0]!)
  const cluster = new Cluster([{ host: hostname, port: Number(port) }], { redisOptions: { password } })
  try {
    const key = `{${uniqueName('key')}}`
    const endpoint = endpointOf(target(`${broker.url.split(',')[0]}?cluster=true&waitReplicas=1`))
    const waiting = new ReplicaWait(endpoint, { Command }, cluster, { repeats: 0 })
    const running = cluster.set(key, 'taken').then(() => takeOver(key))
    await expect(waiting.after(running, key)).rejects.toSatisfy(isConnectionError)
  } finally {
    cluster.disconnect()
  }
}, 60_000)

it('a delivery that its full dead-letter queue in another slot refuses stays open for another verdict', async () => {
  const aside = queue<string>(uniqueName('aside'), { maxLength: 1 })
  const orders = queue<string>(uniqueName('orders'), { deadLetter: aside })
  await connection.send(aside, 'there')
  await connection.send(orders, 'bad')
  await using receiver = await connection.receiver(orders)
  const delivery = (await receiver.receive())!
  await expect(delivery.reject('no room')).rejects.toMatchObject({ code: 'SEND_REJECTED' })
  await delivery.release()
  const again = (await receiver.receive())!
  expect(again.body).toBe('bad')
  await again.accept()
})

/** Resolves when a replica of the key's master is the master. */
async function takeOver(key: string): Promise<void> {
  const { password, hostname, port } = new URL(broker.url.split(',')[0]!)
  const cluster = new Cluster([{ host: hostname, port: Number(port) }], { redisOptions: { password } })
  try {
    await cluster.ping()
    const slot = await cluster.cluster('KEYSLOT', key)
    const at = async () => {
      const ranges = await cluster.cluster('SLOTS')
      const [, , master, replica] = ranges.find(([first, last]) => first <= slot && slot <= last)!
      return { master: Number(master![1]), replica: Number(replica?.[1]) }
    }
    const { replica } = await eventually(async () => {
      const found = await at()
      return Number.isNaN(found.replica) ? undefined : found
    })
    const node = new Redis({ port: replica, password, protocol: 2 })
    try {
      const over = async () => {
        if ((await at()).master === replica) return true
        // It says nothing when it gives up, as a replica does that has only just become one.
        await node.cluster('FAILOVER')
        return false
      }
      await eventually(over, { timeoutMs: 20_000, intervalMs: 1_000, what: 'the replica has taken over' })
    } finally {
      node.disconnect()
    }
  } finally {
    cluster.disconnect()
  }
}
