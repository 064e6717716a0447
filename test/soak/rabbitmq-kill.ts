/**
 * RabbitMQ killed in the moment in which it moves messages by itself: dead letters over the limit of deliveries, delayed messages that are
 * due. None may be lost. A round takes some ten seconds; what the broker had not moved for good comes after three minutes more.
 *
 *     npx tsx test/soak/rabbitmq-kill.ts [rounds]
 */
import { setTimeout as delay } from 'node:timers/promises'
import amqp from 'amqplib'
import { type Connection, connect, queue } from '../../src/index.ts'
import { PrivateBroker } from '../support/brokers.ts'
import { eventually } from '../support/eventually.ts'

const ROUNDS = Number(process.argv[2] ?? 20)
const LETTERS = 20
const DELAYED = 500
/** RabbitMQ 3.10 tries a dead letter again after so long. Unit: ms. */
const LATEST_MS = 240_000

await using broker = await PrivateBroker.start('rabbitmq')
for (let round = 0; round < ROUNDS; round++) {
  const connection = await connect(broker.url)
  await deadLetters(connection, round)
  await delayed(connection, round)
  await connection.close()
  await broker.kill()
  await broker.start()
  console.log(`round ${round + 1} of ${ROUNDS}`)
}
await using connection = await connect(broker.url)
let lost = 0
for (let round = 0; round < ROUNDS; round++) {
  lost += await missing(connection, `dead-${round}`, LETTERS, 'dead letters')
  lost += await missing(connection, `due-${round}`, DELAYED, 'delayed messages')
}
console.log(`lost: ${lost}`)
process.exitCode = lost === 0 ? 0 : 1

/** Consumers die with them until the broker has had enough; returns when the last letter has been seen at its new place. */
async function deadLetters(connection: Connection, round: number): Promise<void> {
  const limited = queue<string>(`limited-${round}`, { maxDeliveries: 1, deadLetter: `dead-${round}` })
  await connection.admin.declare(queue(`dead-${round}`))
  for (let at = 0; at < LETTERS; at++) await connection.send(limited, String(at))
  const bare = await amqp.connect(broker.url.replace(/^rabbitmq/, 'amqp'))
  bare.on('error', () => {})
  for (let life = 0; life < 2; life++) {
    const channel = await bare.createChannel()
    let taken = 0
    await new Promise<void>((resolve) => {
      void channel.consume(`limited-${round}`, () => ++taken === LETTERS && resolve())
    })
    await channel.close()
  }
  await eventually(async () => (await connection.admin.inspect(`dead-${round}`))?.depth === LETTERS)
}

/** Returns when the first of them have moved on. */
async function delayed(connection: Connection, round: number): Promise<void> {
  const due = queue<string>(`due-${round}`)
  const sender = await connection.sender(due)
  await Promise.all(Array.from({ length: DELAYED }, (_, at) => sender.send(String(at), { delayMs: 2_000 })))
  await eventually(async () => ((await connection.admin.inspect(due))?.depth ?? 0) > 0, { intervalMs: 1 })
}

async function missing(connection: Connection, name: string, wanted: number, what: string): Promise<number> {
  const until = performance.now() + LATEST_MS
  const depth = async (): Promise<number> => (await connection.admin.inspect(name))?.depth ?? 0
  while ((await depth()) < wanted && performance.now() < until) await delay(500)
  const there = await depth()
  if (there < wanted) console.log(`${what} in ${name}: ${there} of ${wanted}`)
  return Math.max(0, wanted - there)
}
