/**
 * One process at a store: sends, receives, deletes and notes everything, until its time is over or it is killed. With `AUDIT` it only
 * looks, with `DRAIN` it takes all there is.
 */
import { existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, connect, isMessagingError, type MessagingError } from '../../../src/index.ts'
import { Dice } from '../random/dice.ts'
import { bodyOf, drawSize } from './bodies.ts'
import * as nodes from './nodes.ts'
import { Notes } from './notes.ts'
import type { Life } from './plan.ts'

const { STORE, NOTES, OWNER, LIFE, AUDIT, DRAIN } = process.env as Record<string, string>
/** So many sends of one sender are open at once. */
const OPEN_SENDS = 20
/** Who finds the store in use tries for so long. Unit: ms. */
const RIVAL_MS = 10_000

const life = JSON.parse(LIFE!) as Life
const notes = new Notes(NOTES!, life.killAtNote)
let working = true

setClock(life.clockMs)
if (life.clockJumps) {
  const dice = new Dice(life.seed, 'clock')
  setInterval(() => jump(dice.between(-7_200_000, 7_200_000)), 50).unref()
}
const connection = await opened()
if (connection) {
  beOwner()
  if (AUDIT) await audit(connection)
  else if (DRAIN) await drain(connection)
  else await work(connection)
  stepDown()
  await connection.close()
  notes.write('end')
}
notes.close()

/** Of the process as a whole: also what counts since its start. */
function setClock(offsetMs: number): void {
  Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + offsetMs })
  jump(offsetMs)
}

function jump(offsetMs: number): void {
  Date.now = () => Math.floor(performance.timeOrigin + performance.now()) + offsetMs
}

async function opened(): Promise<Connection | undefined> {
  const end = performance.now() + RIVAL_MS
  for (;;) {
    try {
      notes.write('opening')
      const connection = await connect(`file:${STORE}`)
      connection.on('warning', ({ error }) => notes.write('warning', JSON.stringify(error.message)))
      return connection
    } catch (error) {
      if (!isMessagingError(error)) throw error
      notes.write('refused', error.code, JSON.stringify(error.message))
      if (!/open by|being opened/.test(error.message) || performance.now() > end) return undefined
      await sleep(20 + 60 * Math.random())
    }
  }
}

/** Another witness than the store's own lock. */
function beOwner(): void {
  if (existsSync(OWNER!)) {
    const other = readFileSync(OWNER!, 'utf8')
    if (lives(other))
      notes.write('PROBLEM', JSON.stringify(`the store is open by ${other} and by ${process.pid}`))
  }
  writeSync(openSync(OWNER!, 'w'), String(process.pid))
}

function stepDown(): void {
  rmSync(OWNER!)
}

function lives(pid: string): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function work(connection: Connection): Promise<void> {
  await declare(connection)
  const parts = [
    ...Array.from({ length: life.senders }, (_, at) => send(connection, `${life.name}.${at}`)),
    ...Array.from({ length: life.receivers }, (_, at) => receive(connection, at)),
    ...(life.churn ? [churn(connection)] : []),
  ]
  await sleep(life.workMs)
  working = false
  await Promise.all(parts)
}

async function declare(connection: Connection): Promise<void> {
  for (const node of [nodes.dead, nodes.plain, nodes.limited, nodes.scrap, nodes.news, nodes.archive])
    await allowed('declare', connection.admin.declare(node))
}

async function send(connection: Connection, name: string): Promise<void> {
  const dice = new Dice(life.seed, name)
  const place = dice.of(Object.keys(nodes.TARGETS)) as nodes.TargetName
  const sender = await allowed('sender', connection.sender(nodes.TARGETS[place], { capacity: OPEN_SENDS }))
  if (!sender) return
  const open = new Set<Promise<void>>()
  for (let at = 0; working; at++) {
    const id = `${name}#${at}`
    const size = drawSize(dice, life.mostBytes)
    notes.write('send', place, id, size)
    const fields = {
      id,
      subject: 'a',
      durable: true,
      properties: { size },
      ...(dice.chance(0.1) ? { ttlMs: 864_000_000 } : {}),
    }
    const sending = sender.send(bodyOf(id, size), fields).then(
      () => notes.write('accepted', place, id),
      async (error: MessagingError) => {
        notes.write('failed', place, id, error.code, JSON.stringify(error.message))
        await sleep(20)
      },
    )
    open.add(sending)
    void sending.finally(() => open.delete(sending))
    // Large ones are sent one by one: memory is not what is tried here.
    if (open.size >= OPEN_SENDS || size > 1024 * 1024) await Promise.race(open)
  }
  await Promise.all(open)
}

async function receive(connection: Connection, at: number): Promise<void> {
  const dice = new Dice(life.seed, `receiver ${at}`)
  const place = dice.of(Object.keys(nodes.SOURCES)) as nodes.SourceName
  const receiver = await allowed(
    'receiver',
    connection.receiver(nodes.SOURCES[place] as typeof nodes.plain, { credit: dice.between(1, 50) }),
  )
  if (!receiver) return
  while (working) {
    const delivery = await receiver.receive({ timeoutMs: 50 })
    if (!delivery) continue
    const { id } = delivery
    notes.write(
      'delivered',
      place,
      id,
      delivery.deliveryCount,
      delivery.redelivered ? 'again' : 'first',
      sound(delivery.bytes, id),
    )
    if (dice.chance(0.1)) await sleep(dice.below(20))
    const chosen = dice.number()
    if (chosen < 0.6) {
      notes.write('verdict', place, id, 'accept')
      await allowed('accept', delivery.accept())
    } else if (chosen < 0.7) {
      notes.write('verdict', place, id, 'reject')
      await allowed('reject', delivery.reject('at random'))
    } else if (chosen < 0.85) await allowed('release', delivery.release())
    else if (chosen < 0.9) {
      notes.write('delayed', place, id)
      await allowed('release', delivery.release({ delayMs: dice.below(200) }))
    }
    // The rest is left as it is.
  }
  await receiver.close()
}

async function churn(connection: Connection): Promise<void> {
  const dice = new Dice(life.seed, 'churn')
  while (working) {
    await sleep(dice.below(200))
    notes.write('clearing', 'scrap')
    if (dice.chance(0.5)) await allowed('purge', connection.admin.purge(nodes.scrap))
    else await allowed('delete', connection.admin.delete(nodes.scrap))
    await allowed('declare', connection.admin.declare(nodes.scrap))
  }
}

/** Errors that a full disk, a closed link or a deleted queue may bring. */
async function allowed<T>(what: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (!isMessagingError(error) || error.code === 'INTERNAL') throw error
    notes.write('error', what, error.code, JSON.stringify(error.message))
    return undefined
  }
}

async function audit(connection: Connection): Promise<void> {
  for (const [place, source] of Object.entries(nodes.SOURCES)) {
    if (!(await connection.admin.inspect(source))) continue
    for await (const { id, bytes } of connection.browse(source as typeof nodes.plain, { credit: 4 }))
      notes.write('present', place, id, bytes.length, sound(bytes, id))
  }
}

async function drain(connection: Connection): Promise<void> {
  for (const place of ['plain', 'limited', 'scrap', 'news', 'dead'] as const) {
    const source = nodes.SOURCES[place] as typeof nodes.plain
    if (!(await connection.admin.inspect(source))) continue
    const receiver = await connection.receiver(source, { credit: 20 })
    for (;;) {
      const delivery = await receiver.receive({ timeoutMs: 0 })
      if (!delivery) break
      const { id, deliveryCount, redelivered, bytes } = delivery
      notes.write('delivered', place, id, deliveryCount, redelivered ? 'again' : 'first', sound(bytes, id))
      notes.write('verdict', place, id, 'accept')
      await delivery.accept()
    }
    await receiver.close()
    const info = await connection.admin.inspect(source)
    if (info?.depth !== 0)
      notes.write('PROBLEM', JSON.stringify(`${place} has depth ${info?.depth} when it is drained`))
  }
}

function sound(bytes: Uint8Array, id: string): string {
  return bodyOf(id, bytes.length).equals(bytes) ? 'whole' : 'CHANGED'
}
