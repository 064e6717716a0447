/**
 * Round trip by bridges: RabbitMQ, Redis, Qpid, a ZeroMQ hub, and back to RabbitMQ, while all bridges are killed and started again
 * five times. Nothing may be lost, a duplicate has the id of its original, and the time to live only ever shrinks.
 *
 * By hand, with the brokers of `npm run brokers -- up`:
 *
 *     npx tsx test/soak/bridge.ts [MESSAGES]      (default 200000)
 */
import { join } from 'node:path'
import { type Connection, connect, queue } from '../../src/index.ts'
import { Commands, type Running } from '../cli/commands.ts'
import { brokerUrl } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'

const KILLS = 5
const TTL_MS = 3_600_000
/** What a message waits in the windows of four receivers is not counted where the broker tells the rest at the hand-over only. Unit: ms. */
const BLUR_MS = 10_000
/** Longest time without any progress. Unit: ms. */
const PATIENCE_MS = 60_000

const count = Number(process.argv[2] ?? 200_000)
const name = uniqueName('soak')
const begun = Date.now()
let filled = begun
const commands = new Commands()
const running: Running[] = []

const hub = commands.start(
  {},
  'sluice',
  'hub',
  '--json',
  '--data',
  join(commands.scratch, 'hub'),
  '--listen',
  `ipc://${join(commands.scratch, 'hub.sock')}`,
)
await hub.printed(/"url"/)
const hubUrl: string = JSON.parse(hub.text).url
const rabbit = brokerUrl('rabbitmq')
const places: readonly (readonly [url: string, node: string])[] = [
  [rabbit, `${name}-there`],
  [brokerUrl('redis'), name],
  [brokerUrl('qpid'), name],
  [hubUrl, name],
  [rabbit, `${name}-back`],
]

try {
  await using source = await connect(rabbit)
  await each((connection, node) => connection.admin.declare(node))
  await fill(source)
  startAll()
  await drainAndCheck(source)
} finally {
  await Promise.all(running.map((bridge) => bridge.kill('SIGKILL')))
  await each((connection, node) => connection.admin.delete(node))
  await hub.kill('SIGTERM')
  commands[Symbol.dispose]()
}

async function each(
  work: (connection: Connection, node: ReturnType<typeof queue>) => Promise<unknown>,
): Promise<void> {
  for (const [url, node] of places) {
    await using connection = await connect(url)
    await work(connection, queue(node))
  }
}

async function fill(connection: Connection): Promise<void> {
  await using sender = await connection.sender(queue<number>(places[0]![1]), { capacity: 2000 })
  const open: Promise<unknown>[] = []
  for (let n = 0; n < count; n++) {
    open.push(sender.send(n, { id: `${name}:${n}`, ttlMs: TTL_MS }))
    if (open.length >= 2000) await Promise.all(open.splice(0))
  }
  await Promise.all(open)
  filled = Date.now()
  say(`${count} sent`)
}

function startAll(): void {
  for (let at = 0; at + 1 < places.length; at++) {
    const [from, to] = [places[at]!, places[at + 1]!].map(([url, node]) => `${url}#${node}`)
    running.push(commands.start({}, 'sluice', 'bridge', from!, to!, '-q'))
  }
}

async function drainAndCheck(connection: Connection): Promise<void> {
  await using receiver = await connection.receiver(queue<number>(places[4]![1]), { credit: 1000 })
  const seen = new Set<string>()
  let duplicates = 0
  let kills = 0
  let longest = -Infinity
  while (seen.size < count) {
    const delivery = await receiver.receive({ timeoutMs: PATIENCE_MS })
    if (!delivery) throw new Error(`lost: ${count - seen.size} of ${count} never came\n${await complaints()}`)
    if (delivery.id !== `${name}:${delivery.body}`)
      throw new Error(`${delivery.id} came with body ${delivery.body}`)
    if (seen.has(delivery.id)) duplicates += 1
    seen.add(delivery.id)
    // The last one was sent at `filled`: nobody has more left than that.
    longest = Math.max(longest, (delivery.ttlMs ?? Infinity) - (TTL_MS - (Date.now() - filled)))
    await delivery.accept()
    if (kills < KILLS && seen.size > ((kills + 1) * count) / (KILLS + 1)) {
      kills += 1
      await Promise.all(running.splice(0).map((bridge) => bridge.kill('SIGKILL')))
      startAll()
      say(`killed ${kills} times at ${seen.size}`)
    }
  }
  for (;;) {
    const late = await receiver.receive({ timeoutMs: 3_000 })
    if (!late) break
    duplicates += 1
    await late.accept()
  }
  if (longest > BLUR_MS) throw new Error(`a time to live was prolonged by ${longest} ms`)
  const seconds = (Date.now() - begun) / 1000
  say(
    `${count} came round in ${seconds.toFixed(0)} s, killed ${kills} times: none lost, ${duplicates} duplicates, all with the id of their original; time to live prolonged by ${longest} ms at most`,
  )
}

async function complaints(): Promise<string> {
  const ended = await Promise.all(running.splice(0).map((bridge) => bridge.kill('SIGTERM')))
  return ended.map(({ err }) => err).join('')
}

function say(text: string): void {
  process.stdout.write(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${text}\n`)
}
