/** What programs do with the library, at random: each actor opens a link, uses it for a while, closes it and begins anew. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Browsable,
  type Connection,
  type Delivery,
  type MessageFields,
  type QueueAddress,
  queue,
  type Receiver,
  type ServiceAddress,
  type Source,
  type Target,
} from '../../../src/index.ts'
import type { Book } from './book.ts'
import type { Dice } from './dice.ts'
import type { Watch } from './watch.ts'

/** Longest a call may wait for a connection. Unit: ms. */
export const PATIENCE_MS = 15_000
/** A verdict has no time limit of its own: it ends with its link. Unit: ms. */
const VERDICT_MS = 25_000

export interface Scene {
  readonly watch: Watch
  /** Nothing fails but what programs do. */
  readonly calm: boolean
  /** … and every close may take its time: what has its verdict never comes again. */
  readonly strict: boolean
  /** Programs begin nothing new when it is false. */
  running: boolean
  /** Receivers end when it is true. */
  drained: boolean
  connection(dice: Dice): Connection
  /** How long a close may take: `undefined` is the default. */
  closeMs(dice: Dice): { timeoutMs?: number }
}

export interface SendingHabits {
  readonly reliability?: 'at-most-once' | 'at-least-once'
  fields(dice: Dice): MessageFields
}

export async function send(
  scene: Scene,
  dice: Dice,
  as: string,
  target: Target<string>,
  book: Book,
  habits: SendingHabits,
): Promise<void> {
  const { watch } = scene
  const confirmed = habits.reliability !== 'at-most-once'
  for (let life = 0; scene.running; life++) {
    const connection = scene.connection(dice)
    const sender = await watch.call(`sender ${as}`, PATIENCE_MS, () =>
      connection.sender(target, {
        capacity: dice.of([1, 2, 10, 1000]),
        reliability: habits.reliability,
        inDoubt: dice.chance(0.2) ? 'fail' : 'resend',
        timeoutMs: PATIENCE_MS,
        ...abort(dice),
      }),
    )
    if (!sender) {
      await sleep(50)
      continue
    }
    const open: Promise<void>[] = []
    for (let left = dice.between(1, 80), at = 0; left > 0 && scene.running; left--, at++) {
      const id = `${as}.${life}#${at}`
      const timeoutMs = dice.chance(0.03) ? dice.below(200) : PATIENCE_MS
      book.sending(id)
      const sent = watch
        .outcome(`send ${id}`, timeoutMs, () =>
          sender.send(id, { ...habits.fields(dice), id, timeoutMs, ...abort(dice) }),
        )
        .then(({ error }) => book.sent(id, error, confirmed))
      open.push(sent)
      if (dice.chance(0.2)) await sent
      else if (dice.chance(0.5)) await sleep(dice.below(12))
    }
    if (dice.chance(0.6)) await Promise.all(open)
    await watch.call(`close-sender ${as}`, 8_000, () => sender.close(scene.closeMs(dice)))
    await Promise.all(open)
  }
}

export type Verdicts = 'accept' | 'any' | 'none-owed'

export interface ReceivingHabits {
  readonly verdicts: Verdicts
}

export async function receive(
  scene: Scene,
  dice: Dice,
  as: string,
  source: Source<string>,
  book: Book,
  habits: ReceivingHabits,
): Promise<void> {
  const { watch } = scene
  for (let life = 0; !scene.drained; life++) {
    const by = `${as}.${life}`
    const connection = scene.connection(dice)
    const handler = habits.verdicts === 'any' && scene.running && dice.chance(0.15)
    if (handler) {
      await consume(scene, dice, by, connection, source, book)
      continue
    }
    const receiver = await watch.call(`receiver ${by}`, PATIENCE_MS, () =>
      connection.receiver(source, {
        credit: dice.of([1, 2, 5, 20, 100]),
        reliability: habits.verdicts === 'none-owed' ? 'at-most-once' : 'at-least-once',
        timeoutMs: PATIENCE_MS,
        ...abort(dice),
      }),
    )
    if (!receiver) {
      await sleep(50)
      continue
    }
    const open: Promise<unknown>[] = []
    for (let left = dice.between(1, 60); !scene.drained && (left > 0 || !scene.running); left--) {
      if (dice.chance(0.02)) await looped(scene, dice, by, receiver, book, habits, open)
      const { value: delivery, error } = await next(watch, dice, by, receiver)
      if (error) break
      if (delivery) {
        take(scene, dice, by, delivery, book, habits, open)
        if (dice.chance(0.2)) await sleep(dice.below(6))
      } else await sleep(dice.below(5))
    }
    if (dice.chance(0.7)) await Promise.all(open)
    await watch.call(`close-receiver ${by}`, 8_000, () => receiver.close(scene.closeMs(dice)))
    await Promise.all(open)
  }
}

function next(watch: Watch, dice: Dice, by: string, receiver: Receiver<string>) {
  if (dice.chance(0.1)) {
    const signal = AbortSignal.timeout(dice.below(100))
    return watch
      .outcome(`receive ${by} (signal)`, 100, () => receiver.receive({ signal }))
      .then(({ value, error }) => ({
        value,
        error: error?.code === 'ABORTED' ? undefined : error,
      }))
  }
  const timeoutMs = dice.of([0, 5, 300])
  // The last look at the broker takes up to two seconds.
  return watch.outcome(`receive ${by} (${timeoutMs} ms)`, timeoutMs + 2_000, () =>
    receiver.receive({ timeoutMs }),
  )
}

/** The same by `for await`, left after some. */
async function looped(
  scene: Scene,
  dice: Dice,
  by: string,
  receiver: Receiver<string>,
  book: Book,
  habits: ReceivingHabits,
  open: Promise<unknown>[],
): Promise<void> {
  // Something must come, or the loop waits for ever: a first one is awaited with a limit.
  if (receiver.available === 0) return
  let left = Math.min(receiver.available, dice.between(1, 5))
  await scene.watch.call(`loop ${by}`, VERDICT_MS, async () => {
    for await (const delivery of receiver) {
      take(scene, dice, by, delivery, book, habits, open)
      if (--left <= 0) break
    }
  })
}

function take(
  scene: Scene,
  dice: Dice,
  by: string,
  delivery: Delivery<string>,
  book: Book,
  habits: ReceivingHabits,
  open: Promise<unknown>[],
): void {
  if (delivery.body !== delivery.id) scene.watch.problem(`${delivery.id} has the body of ${delivery.body}`)
  book.seen(delivery.id, delivery.redelivered, by)
  if (habits.verdicts === 'none-owed') book.done(delivery.id)
  else open.push(settle(scene, dice, by, delivery, book, habits))
}

async function settle(
  scene: Scene,
  dice: Dice,
  by: string,
  delivery: Delivery<string>,
  book: Book,
  habits: ReceivingHabits,
): Promise<void> {
  const verdict = (what: string, work: () => Promise<void>) =>
    scene.watch.outcome(`${what} ${delivery.id} by ${by}`, VERDICT_MS, work)
  const draw = habits.verdicts === 'any' ? dice.number() : 1
  if (draw < 0.07) await verdict('release', () => delivery.release())
  else if (draw < 0.12)
    await verdict('release-later', () => delivery.release({ delayMs: dice.between(1, 300) }))
  else if (draw < 0.17) {
    const { error } = await verdict('reject', () => delivery.reject('at random'))
    // Where everything must be kept it is put aside, and done with when it has been read there.
    if (!error && !book.promises.kept) book.done(delivery.id)
  } else {
    if (draw < 0.22) await sleep(dice.below(400))
    const { error } = await verdict('accept', () => delivery.accept())
    if (!error) book.done(delivery.id)
  }
}

/** By a handler that throws now and then. */
async function consume(
  scene: Scene,
  dice: Dice,
  by: string,
  connection: Connection,
  source: Source<string>,
  book: Book,
): Promise<void> {
  const { watch } = scene
  const handle = async (delivery: Delivery<string>): Promise<void> => {
    book.seen(delivery.id, delivery.redelivered, by)
    await sleep(dice.below(20))
    if (dice.chance(0.1)) throw new Error('thrown at random')
    const { error } = await watch.outcome(`accept ${delivery.id} by ${by}`, VERDICT_MS, () =>
      delivery.accept(),
    )
    if (!error) book.done(delivery.id)
  }
  const consumer = await watch.call(`consume ${by}`, PATIENCE_MS, () =>
    connection.consume(source, handle, {
      concurrency: dice.between(1, 5),
      retry: { minDelayMs: 20, maxDelayMs: 100 },
      onError: () => {},
      timeoutMs: PATIENCE_MS,
      ...abort(dice),
    }),
  )
  if (!consumer) return void (await sleep(50))
  await sleep(dice.below(800))
  await watch.call(`close-consumer ${by}`, 12_000, () => consumer.close(scene.closeMs(dice)))
}

/** A live subscription: what was published and accepted between its opening and its end must come, in order, once. */
export async function follow(
  scene: Scene,
  dice: Dice,
  as: string,
  source: Source<string>,
  published: Book,
): Promise<void> {
  const { watch } = scene
  for (let life = 0; scene.running; life++) {
    const by = `${as}.${life}`
    const connection = scene.connection(dice)
    const receiver = await watch.call(`subscribe ${by}`, PATIENCE_MS, () =>
      connection.receiver(source, { credit: dice.of([1, 10, 100]), timeoutMs: PATIENCE_MS }),
    )
    if (!receiver) {
      await sleep(50)
      continue
    }
    const before = new Set(published.entries.keys())
    const seen = new Set<string>()
    const read = async (): Promise<boolean> => {
      const { value, error } = await next(watch, dice, by, receiver)
      if (error) return false
      if (value) {
        if (seen.has(value.id) && scene.calm) watch.problem(`${by} got ${value.id} twice`)
        seen.add(value.id)
        await watch.call(`accept ${value.id} by ${by}`, VERDICT_MS, () => value.accept())
      }
      return true
    }
    let alive = true
    for (let left = dice.between(1, 200); alive && left > 0 && scene.running; left--) alive = await read()
    const owed = [...published.entries].filter(([id, { state }]) => state === 'accepted' && !before.has(id))
    const end = performance.now() + 5_000
    const absent = () => owed.filter(([id]) => !seen.has(id)).map(([id]) => id)
    while (alive && scene.calm && absent().length > 0 && performance.now() < end) alive = await read()
    // The connection may have been closed by its program.
    if (alive && scene.calm && absent().length > 0)
      watch.problem(`${by} misses ${absent().length} of ${owed.length}: ${absent().slice(0, 5).join(' ')}`)
    await watch.call(`unsubscribe ${by}`, 8_000, () => receiver.close(scene.closeMs(dice)))
  }
}

export async function look(
  scene: Scene,
  dice: Dice,
  as: string,
  source: Browsable<string>,
  book: Book,
): Promise<void> {
  while (scene.running) {
    await sleep(dice.below(500))
    const connection = scene.connection(dice)
    await scene.watch.call(`browse ${as}`, PATIENCE_MS + 5_000, async () => {
      const options = {
        credit: dice.of([1, 7, 100]),
        timeoutMs: PATIENCE_MS,
        signal: AbortSignal.timeout(3_000),
      }
      let left = dice.between(1, 100)
      for await (const message of connection.browse(source, options)) {
        if (!book.entries.has(message.id))
          scene.watch.problem(`${as} saw ${message.id}, which nobody sent here`)
        if (left-- === 0) break
      }
    })
  }
}

export async function ask(
  scene: Scene,
  dice: Dice,
  as: string,
  service: ServiceAddress<string, string>,
): Promise<void> {
  const { watch } = scene
  for (let at = 0; scene.running; at++) {
    const body = `${as}#${at}`
    const connection = scene.connection(dice)
    const hurried = dice.chance(0.1)
    const timeoutMs = hurried ? dice.below(100) : 10_000
    const asked = watch
      .outcome(`request ${body}`, timeoutMs, () =>
        connection.request(service, body, { timeoutMs, ...(hurried ? abort(dice) : {}) }),
      )
      .then(({ value, error }) => {
        if (value && value.body !== body) watch.problem(`asked ${body}, got ${value.body}`)
        if (scene.calm && !hurried && error && error.code !== 'REQUEST_FAILED' && error.code !== 'CLOSED')
          watch.problem(`asked ${body}, got ${error.code}: ${error.message}`)
      })
    if (dice.chance(0.6)) await asked
    else await sleep(dice.below(20))
  }
}

export async function answer(
  scene: Scene,
  dice: Dice,
  as: string,
  service: ServiceAddress<string, string>,
): Promise<void> {
  while (scene.running) {
    const connection = scene.connection(dice)
    const responder = await scene.watch.call(`respond ${as}`, PATIENCE_MS, () =>
      connection.respond(service, (request) => respondTo(dice, request), {
        concurrency: dice.between(1, 4),
        timeoutMs: PATIENCE_MS,
      }),
    )
    if (!responder) {
      await sleep(50)
      continue
    }
    await sleep(dice.between(50, 1_500))
    await scene.watch.call(`close-responder ${as}`, 12_000, () => responder.close(scene.closeMs(dice)))
  }
}

export async function respondTo(dice: Dice, request: Delivery<string>): Promise<string> {
  if (dice.chance(0.2)) await sleep(dice.below(30))
  if (dice.chance(0.05)) throw new Error('thrown at random')
  return request.body
}

/** The node is deleted, emptied, declared anew and as another one, again and again. */
export async function churn(scene: Scene, dice: Dice, node: QueueAddress<string>): Promise<void> {
  const options = { timeoutMs: PATIENCE_MS }
  while (scene.running) {
    await sleep(dice.below(500))
    const { admin } = scene.connection(dice)
    const what = dice.of(['delete', 'purge', 'declare', 'mismatch', 'inspect', 'list'] as const)
    await scene.watch.call(what, PATIENCE_MS, async () => {
      if (what === 'mismatch') await admin.declare(queue(node.name, { maxLength: 5 }), options)
      else if (what === 'list') await admin.list({ ...options, ...abort(dice) })
      else await admin[what](node, { ...options, ...abort(dice) })
    })
  }
  // Declared as another one while it was deleted, it would refuse those who come back until somebody deletes it.
  const { admin } = scene.connection(dice)
  await scene.watch.call('delete', PATIENCE_MS, () => admin.delete(node, options))
}

function abort(dice: Dice): { signal?: AbortSignal } {
  return dice.chance(0.03) ? { signal: AbortSignal.timeout(dice.below(60)) } : {}
}
