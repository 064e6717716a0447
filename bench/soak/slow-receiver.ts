/**
 * Memory under a receiver that is too slow: sends at full speed into a queue with a length limit, receives at a tenth of that,
 * and watches the memory of this process and of any others named.
 *
 *   npx tsx bench/soak/slow-receiver.ts URL [--seconds 300] [--slower 10] [--limit 10000] [--pid BROKER-PID]... [--json]
 *
 * Ends with 1 when a process grew by 150 MB or more, or a message that was accepted did not come.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, isMessagingError, queue } from '../../src/index.ts'

const MAX_GROWTH = 150 * 1024 * 1024
const BODY = Buffer.alloc(200, 'x')
const SENDERS = 1000
/** The heap has its shape by then. Unit: ms. */
const WARM_UP_MS = 5_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '300' },
    slower: { type: 'string', default: '10' },
    limit: { type: 'string', default: '10000' },
    pid: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
})
const [url] = positionals
if (url === undefined) {
  process.stderr.write(
    'usage: npx tsx bench/soak/slow-receiver.ts URL [--seconds N] [--slower N] [--limit N] [--pid PID]... [--json]\n',
  )
  process.exit(2)
}

await using connection = await connect(url)
const node = queue<Uint8Array>(`soak-${process.pid}`, { maxLength: Number(values.limit) })
const sender = await connection.sender(node)
const receiver = await connection.receiver(node)
let accepted = 0
let refused = 0
let received = 0
let repeated = 0
let stopping = false

/** Sends without a pause, and waits a little where the queue is full. */
async function send(): Promise<void> {
  while (!stopping) {
    try {
      await sender.send(BODY)
      accepted++
    } catch (error) {
      if (!isMessagingError(error, 'SEND_REJECTED')) throw error
      refused++
      await pause(10)
    }
  }
}

/** Keeps to a share of what the senders could do, measured while nobody receives. */
async function receive(perSecond: number): Promise<void> {
  const begun = performance.now()
  while (!stopping) {
    const due = ((performance.now() - begun) / 1000) * perSecond
    if (received >= due) {
      await pause(5)
      continue
    }
    await take(1000)
  }
}

async function take(timeoutMs: number): Promise<boolean> {
  const delivery = await receiver.receive({ timeoutMs })
  if (!delivery) return false
  received++
  if (delivery.redelivered) repeated++
  await delivery.accept()
  return true
}

function residentOf(pid: string): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) * 1024
}

const processes = ['self', ...values.pid]
const progress = (text: string): void => void process.stderr.write(`${text}\n`)

/** Full speed, to know what a tenth of it is. */
async function fullSpeed(): Promise<number> {
  const begun = performance.now()
  const until = begun + 3_000
  let settled = 0
  const roles = Array.from({ length: SENDERS }, async () => {
    while (performance.now() < until) {
      await sender.send(BODY).then(
        () => settled++,
        () => pause(1),
      )
    }
  })
  const drain = (async () => {
    while (performance.now() < until) await take(100)
  })()
  await Promise.all([...roles, drain])
  while (await take(500));
  const rate = settled / ((performance.now() - begun) / 1000)
  received = 0
  repeated = 0
  return rate
}

const rate = await fullSpeed()
progress(
  `full speed: ${Math.round(rate)} messages/s; the receiver takes ${Math.round(rate / Number(values.slower))}`,
)
const senders = Array.from({ length: SENDERS }, send)
const reading = receive(rate / Number(values.slower))
await pause(WARM_UP_MS)
const before = processes.map(residentOf)
const most = [...before]
const until = performance.now() + Number(values.seconds) * 1000
let told = performance.now()
while (performance.now() < until) {
  await pause(500)
  for (const [at, pid] of processes.entries()) most[at] = Math.max(most[at]!, residentOf(pid))
  if (performance.now() - told < 10_000) continue
  told = performance.now()
  progress(
    `${accepted} accepted, ${refused} refused, ${received} received; grown by ${most.map((bytes, at) => megabytes(bytes - before[at]!)).join(', ')} MB`,
  )
}
stopping = true
await Promise.all([...senders, reading])
while (received - repeated < accepted && (await take(5_000)));
await sender.close()
await receiver.close()
await connection.admin.delete(node)

const growth = processes.map((pid, at) => ({ process: pid, megabytes: megabytes(most[at]! - before[at]!) }))
const lost = Math.max(0, accepted - received)
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ url: url.replace(/:[^:@/]*@/, ':***@'), seconds: Number(values.seconds), accepted, refused, received, repeated, lost, growth })}\n`,
  )
else {
  process.stdout.write(
    `${accepted} accepted, ${refused} refused, ${received} received (${repeated} again), ${lost} lost\n`,
  )
  for (const { process: name, megabytes } of growth)
    process.stdout.write(`${name}: grown by ${megabytes} MB\n`)
}
if (lost > 0 || growth.some(({ megabytes }) => megabytes * 1024 * 1024 >= MAX_GROWTH)) process.exitCode = 1

function megabytes(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}
