/**
 * A hub with its store on disk that is killed, and stopped for five seconds, again and again under load. What it said it has must come,
 * and the clients must come back by themselves.
 *
 * By hand:
 *
 *     npx tsx test/soak/hub/hub.ts [ROUNDS]      (default 6: four kills, two stops)
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Connection, connect, isMessagingError, queue } from '../../../src/index.ts'
import { Child } from '../../support/child.ts'

const SENDERS = 3
const OPEN_SENDS = 100
const STOPPED_MS = 5_000
const jobs = queue<string>('soak-hub')

const PROGRAM = `
import { createHub } from 'src/index.ts'
const hub = await createHub({ listen: [process.env.LISTEN], data: process.env.DATA })
console.log(hub.urls[0])
`

const confirmed = new Set<string>()
const received = new Map<string, number>()
const failures = new Map<string, number>()
let sending = true

async function send(connection: Connection, name: string): Promise<void> {
  await using sender = await connection.sender(jobs, { capacity: OPEN_SENDS })
  let next = 0
  const one = async (): Promise<void> => {
    while (sending) {
      const body = `${name}-${next++}`
      try {
        await sender.send(body)
        confirmed.add(body)
      } catch (error) {
        const code = isMessagingError(error) ? error.code : String(error)
        failures.set(code, (failures.get(code) ?? 0) + 1)
      }
    }
  }
  await Promise.all(Array.from({ length: OPEN_SENDS }, one))
}

async function receive(connection: Connection): Promise<void> {
  await using receiver = await connection.receiver(jobs, { credit: 50 })
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: 2_000 })
    if (!delivery && !sending) return
    if (!delivery) continue
    received.set(delivery.body, (received.get(delivery.body) ?? 0) + 1)
    // A verdict that a lost connection overtook: the message comes again.
    await delivery.accept().catch(() => {})
  }
}

const rounds = Number(process.argv[2] ?? '6')
const data = await mkdtemp(join(tmpdir(), 'sluice-soak-hub-'))
let hub = Child.run(PROGRAM, { LISTEN: 'tcp://127.0.0.1:*', DATA: data })
try {
  const url = await hub.line()
  const listen = url.replace('zmq:', 'tcp:')
  const connections = await Promise.all(Array.from({ length: SENDERS + 1 }, () => connect(url)))
  let returns = 0
  for (const connection of connections) connection.on('reconnected', () => returns++)
  const receiving = receive(connections[0]!)
  const load = connections.slice(1).map((connection, at) => send(connection, `s${at}`))
  for (let round = 0; round < rounds; round++) {
    await delay(2_000)
    if (round % 3 === 2) {
      process.kill(hub.pid, 'SIGSTOP')
      await delay(STOPPED_MS)
      process.kill(hub.pid, 'SIGCONT')
    } else {
      await hub[Symbol.asyncDispose]()
      hub = Child.run(PROGRAM, { LISTEN: listen, DATA: data })
      await hub.line()
    }
    console.error(
      `  round ${round + 1}: ${confirmed.size} confirmed, ${received.size} received, ${returns} returns`,
    )
  }
  await delay(2_000)
  sending = false
  await Promise.all(load)
  await receiving
  await Promise.all(connections.map((connection) => connection.close()))
  const lost = [...confirmed].filter((body) => !received.has(body)).length
  const twice = [...received.values()].filter((times) => times > 1).length
  console.log(
    `${confirmed.size} confirmed, ${lost} lost, ${twice} came more than once; ${returns} returns of ${connections.length} clients; failed sends: ${JSON.stringify(Object.fromEntries(failures))}`,
  )
  if (lost > 0) process.exitCode = 1
} finally {
  await hub[Symbol.asyncDispose]()
  await rm(data, { recursive: true, force: true })
}
