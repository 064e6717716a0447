import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open as openLmdb } from 'lmdb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Broker, type BrokerLease, fileBroker, memoryBroker } from '../../../../src/broker/index.ts'
import { DEAD_LETTER_ORIGIN, StructuredBody } from '../../../../src/model/message.ts'
import { Child } from '../../../support/child.ts'
import { eventually } from '../../../support/eventually.ts'
import { Hand, message, sent, spec, textOf } from '../harness.ts'

let directory: string
let leases: BrokerLease[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-store-'))
  leases = []
})

afterEach(async () => {
  for (const lease of leases) await lease.release()
  await rm(directory, { recursive: true, force: true })
})

async function broker(): Promise<Broker> {
  const lease = await fileBroker(directory)
  leases.push(lease)
  return lease.broker
}

/** Closes the broker and opens it again from what is on disk. */
async function reopened(): Promise<Hand> {
  for (const lease of leases.splice(0)) await lease.release()
  return new Hand(await broker())
}

describe('recovery', () => {
  test('durable messages of durable queues come back with all their fields, in order; others do not', async () => {
    const hand = new Hand(await broker())
    await hand.queue('q')
    await hand.queue('passing', { durable: false })
    await hand.send('passing', 'gone')
    await hand.send('q', 'transient', { durable: false })
    const full = message('full', {
      subject: 'sub.ject',
      contentType: 'text/x',
      properties: Object.assign(Object.create(null), {
        n: 2n ** 63n,
        d: new Date(7),
        b: Uint8Array.of(1),
        z: null,
      }),
      replyTo: 'back',
      correlationId: 'c',
      priority: 7,
      userId: 'u',
      groupId: 'g',
    })
    const sender = await hand.sender('q')
    await sent(sender, message('low', { priority: 0 }))
    await sent(sender, full)
    await sent(sender, message('structured', { body: new StructuredBody([1n, 'x']) }))
    const again = await reopened()
    expect(await again.session.inspect({ name: 'passing', type: 'queue' })).toBeUndefined()
    const taken = await again.receive('q')
    const [first, second, third] = await taken.first(3)
    const { id, subject, contentType, replyTo, correlationId, priority, userId, groupId, createdAt } = full
    expect(first!.message).toMatchObject({
      id,
      subject,
      contentType,
      replyTo,
      correlationId,
      priority,
      userId,
    })
    expect(first!.message).toMatchObject({ groupId, createdAt, durable: true })
    expect({ ...first!.message.properties }).toEqual({ ...full.properties })
    expect(first).toMatchObject({ deliveryCount: 1, redelivered: false })
    expect((second!.message.body as StructuredBody).value).toEqual([1n, 'x'])
    expect(textOf(third!)).toBe('low')
    expect(third!.message.priority).toBe(0)
    expect(taken.deliveries).toHaveLength(3)
  })

  test('nodes come back as declared: settings, bindings, topics, subscriptions, members', async () => {
    const hand = new Hand(await broker())
    await hand.topic('t')
    await hand.session.declare(spec('b', 'broadcast'))
    await hand.session.declare(spec('m', 'multicast'))
    const settings = {
      maxLength: 3,
      ttlMs: 60_000,
      deadLetter: { name: 'dlq', type: 'queue' as const },
      maxDeliveries: 2,
    }
    await hand.queue('q', { ...settings, bindings: [{ source: 't', key: 'a.#' }] })
    const archive = { name: 'archive', durable: true }
    await (await hand.receive('t', { patterns: ['a', 'b'], subscription: archive })).link.close()
    await (await hand.receive('t', { patterns: ['b'], subscription: archive })).link.close()
    await (
      await hand.receive('t', { patterns: ['#'], subscription: { name: 'passing', durable: false } })
    ).link.close()
    await hand.send('t', '1', { subject: 'a' })
    await hand.send('t', '2', { subject: 'b' })
    const before = await hand.session.list()
    const again = await reopened()
    const sorted = (nodes: typeof before) =>
      nodes
        .map(({ name, type, durable, depth }) => ({ name, type, durable, depth }))
        .sort((x, y) => (x.name < y.name ? -1 : 1))
    expect(sorted(await again.session.list())).toEqual(sorted(before))
    await again.queue('q', settings)
    await expect(again.queue('q', { maxLength: 4 })).rejects.toMatchObject({ code: 'ADDRESS_MISMATCH' })
    await again.send('t', '3', { subject: 'a.x' })
    expect(await again.browse('q')).toEqual(['1', '3'])
    expect(await again.browse('t', { patterns: ['#'], subscription: archive })).toEqual(['2'])
    expect(await again.session.inspect({ name: 't', type: 'topic', subscription: 'passing' })).toBeUndefined()
    expect(await again.session.inspect({ name: 't', type: 'topic', subscription: 'archive' })).toMatchObject({
      details: { patterns: ['b'] },
    })
  })

  test('what was accepted stays gone; what was handed out comes back counted and marked', async () => {
    const hand = new Hand(await broker())
    await hand.queue('q')
    for (const text of ['a', 'b', 'c', 'd']) await hand.send('q', text)
    const taken = await hand.receive('q', { credit: 3 })
    const [a, b] = await taken.first(3)
    taken.link.flow(0)
    taken.link.accept(a!)
    await taken.link.settle(b!, { kind: 'release', delayMs: 0, unseen: true })
    const again = await reopened()
    const back = await again.receive('q')
    await back.first(3)
    expect(back.texts).toEqual(['b', 'c', 'd'])
    expect(back.deliveries.map(({ deliveryCount, redelivered }) => [deliveryCount, redelivered])).toEqual([
      [1, false],
      [2, true],
      [1, false],
    ])
  })

  test('delays and lives go on where they were', async () => {
    const hand = new Hand(await broker())
    await hand.queue('q')
    const start = performance.now()
    await hand.send('q', 'late', { delayMs: 1_500 })
    await hand.send('q', 'short', { ttlMs: 400 })
    const expired = performance.now() + 400
    await hand.send('q', 'long', { ttlMs: 60_000 })
    await hand.send('q', 'released')
    const taken = await hand.receive('q', { credit: 3 })
    const [, , released] = await taken.first(3)
    taken.link.flow(0)
    await taken.link.settle(released!, { kind: 'release', delayMs: 1_500, unseen: false })
    await taken.link.close()
    const again = await reopened()
    while (performance.now() < expired) await tick()
    const back = await again.receive('q')
    await back.first(1)
    expect(back.texts).toEqual(['long'])
    expect(back.deliveries[0]!.message.ttlMs).toBeLessThanOrEqual(60_000)
    await back.first(3)
    expect(performance.now() - start).toBeGreaterThanOrEqual(1_499)
    expect([...back.texts].sort()).toEqual(['late', 'long', 'released'])
    const one = back.deliveries[back.texts.indexOf('released')]
    expect(one).toMatchObject({ deliveryCount: 2, redelivered: true })
  })

  test('they go on also where the clock was set while the process ran', { timeout: 60_000 }, async () => {
    await using child = Child.run(
      `
      // The clock has been set forward by an hour since the process began.
      const { timeOrigin } = performance
      Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin - 3_600_000 })
      import { fileBroker } from 'src/broker/index.ts'
      import { Hand } from 'src/../test/unit/broker/harness.ts'
      const { broker } = await fileBroker(process.env.STORE)
      const hand = new Hand(broker)
      await hand.queue('q')
      await hand.send('q', 'late', { delayMs: 1_800_000 })
      await hand.send('q', 'short', { ttlMs: 1_800_000 })
      await broker.close()
      `,
      { STORE: directory },
    )
    expect(await child.ended).toMatchObject({ code: 0 })
    const hand = new Hand(await broker())
    const taken = await hand.receive('q')
    await taken.first(1)
    expect(taken.texts).toEqual(['short'])
    const { ttlMs } = taken.deliveries[0]!.message
    expect(ttlMs).toBeGreaterThan(1_000_000)
    expect(ttlMs).toBeLessThanOrEqual(1_800_000)
  })

  test('dead letters and deleted nodes are as they were; ids of deleted nodes are not given again', async () => {
    const hand = new Hand(await broker())
    await hand.queue('q', { deadLetter: { name: 'dlq', type: 'queue' } })
    await hand.queue('doomed')
    for (let at = 0; at < 50; at++) await hand.send('doomed', 'x')
    await hand.send('q', 'bad')
    const taken = await hand.receive('q')
    await taken.link.settle((await taken.first(1))[0]!, { kind: 'reject', reason: 'no' })
    await hand.session.delete({ name: 'doomed', type: 'queue' })
    const again = await reopened()
    expect(await again.depth('q')).toBe(0)
    expect(await again.depth('doomed')).toBeUndefined()
    await again.queue('new')
    expect(await again.depth('new')).toBe(0)
    const dead = await again.receive('dlq')
    expect((await dead.first(1))[0]!.message.properties[DEAD_LETTER_ORIGIN]).toBe('q')
  })

  test('a message sent before the restart and again after it is stored once', async () => {
    const hand = new Hand(await broker())
    await hand.queue('q')
    await hand.topic('t')
    await (
      await hand.receive('t', { patterns: ['#'], subscription: { name: 's', durable: true } })
    ).link.close()
    const [one, two] = [message('one'), message('two')]
    await sent(await hand.sender('q', { target: { name: 'q', type: 'queue' } }), one)
    await sent(await hand.sender('t', { target: { name: 't', type: 'topic' } }), two)
    const again = await reopened()
    await sent(await again.sender('q', { target: { name: 'q', type: 'queue' } }), one, true)
    await sent(await again.sender('t', { target: { name: 't', type: 'topic' } }), two, true)
    expect(await again.browse('q')).toEqual(['one'])
    expect(await again.session.inspect({ name: 't', type: 'topic', subscription: 's' })).toMatchObject({
      depth: 1,
    })
  })

  test('a queue larger than memory may hold keeps its bodies on disk and gives them in order', async () => {
    const hand = new Hand(await broker())
    await hand.queue('q')
    const sender = await hand.sender('q')
    const pad = 'x'.repeat(64 * 1024)
    const count = 1_500
    for (let at = 0; at < count; at += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, plus) => sent(sender, message(`${at + plus}:${pad}`))),
      )
    }
    const taken = await hand.receive('q', { credit: 10 })
    for (let at = 0; at < count; at++) {
      await taken.first(1)
      const delivery = taken.deliveries.shift()!
      expect(Buffer.from(delivery.message.body as Uint8Array).toString('latin1', 0, 6)).toMatch(`${at}:`)
      taken.link.accept(delivery)
    }
    expect(await hand.depth('q')).toBe(0)
  })
})

describe('a long queue', () => {
  const COUNT = 5_000

  async function filled(fields: (at: number) => Parameters<typeof message>[1]): Promise<Hand> {
    const hand = new Hand(await broker())
    await hand.queue('q')
    const sender = await hand.sender('q')
    for (let at = 0; at < COUNT; at += 500)
      await Promise.all(
        Array.from({ length: 500 }, (_, plus) => sent(sender, message(`${at + plus}`, fields(at + plus)))),
      )
    return reopened()
  }

  test('is found whole and in order after a restart, browsed twice alike, and what is given back has its place', async () => {
    const hand = await filled(() => ({}))
    const all = Array.from({ length: COUNT }, (_, at) => `${at}`)
    for (let time = 0; time < 2; time++) {
      const looked = await hand.receive('q', { mode: 'browse', credit: COUNT })
      await looked.first(COUNT)
      expect(looked.texts).toEqual(all)
      await looked.link.close()
    }
    const first = await hand.receive('q', { credit: 2_000 })
    await first.first(2_000)
    await first.link.close()
    const second = await hand.receive('q', { credit: COUNT })
    await second.first(COUNT)
    expect(second.texts).toEqual(all)
    expect(second.deliveries.map(({ redelivered }) => redelivered).lastIndexOf(true)).toBe(1_999)
  })

  test('shows and hands over nothing that has expired', async () => {
    const hand = await filled((at) => (at % 2 === 0 ? {} : { ttlMs: at < COUNT / 2 ? 3_000 : 600_000 }))
    const expected = Array.from({ length: COUNT }, (_, at) => at).filter(
      (at) => at % 2 === 0 || at >= COUNT / 2,
    )
    await eventually(async () => (await hand.depth('q')) === expected.length)
    const taken = await hand.receive('q', { credit: COUNT })
    await taken.first(expected.length)
    expect(taken.texts.map(Number)).toEqual(expected)
  })
})

// Each test starts processes, one after the other, which take seconds on a busy machine.
describe('a killed process', { timeout: 60_000 }, () => {
  // process.stdout would keep lines that the pipe has no room for, and they would die with the process.
  const PROGRAM = `
    import { writeSync } from 'node:fs'
    import { fileBroker } from 'src/broker/index.ts'
    import { Hand, message, sent } from 'src/../test/unit/broker/harness.ts'
    // A pipe that is full says so; it may have taken a part.
    const say = (line) => {
      for (let rest = Buffer.from(line); rest.length > 0; ) {
        try {
          rest = rest.subarray(writeSync(1, rest))
        } catch (error) {
          if (error.code !== 'EAGAIN') throw error
        }
      }
    }
    const { broker } = await fileBroker(process.env.STORE)
    const hand = new Hand(broker)
    await hand.queue('q')
    const sender = await hand.sender('q')
    const receiver = process.env.TAKE ? await hand.receive('q', { credit: 5 }) : undefined
    let next = 0
    const work = async () => {
      for (;;) {
        const id = 'm' + next++
        await sent(sender, message(id, { id }))
        say('sent ' + id + '\\n')
      }
    }
    for (let at = 0; at < 50; at++) void work()
    if (receiver) for (;;) {
      await receiver.first(1)
      const delivery = receiver.deliveries.shift()
      if (process.env.TAKE === 'accept') receiver.link.accept(delivery)
      say('took ' + delivery.message.id + '\\n')
      if (process.env.TAKE === 'hold') break
    }
  `

  async function told(
    env: Record<string, string>,
    lines: number,
  ): Promise<{ sent: Set<string>; took: Map<string, number> }> {
    const child = Child.run(PROGRAM, { STORE: directory, ...env })
    // With how many were told as sent when it was taken.
    const result = { sent: new Set<string>(), took: new Map<string, number>() }
    const take = (line: string): void => {
      const [what, id] = line.split(' ') as ['sent' | 'took', string]
      if (what === 'sent') result.sent.add(id)
      else result.took.set(id, result.sent.size)
    }
    for (let at = 0; at < lines; at++) take(await child.line())
    await child.kill('SIGKILL')
    // What it had said before it died counts, too.
    for (;;) {
      const line = await child.line().catch(() => undefined)
      if (line === undefined) break
      take(line)
    }
    await child[Symbol.asyncDispose]()
    return result
  }

  test('loses nothing that was told as sent, three times over', async () => {
    const all = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const result = await told({}, 2_000)
      for (const id of result.sent) all.add(id)
      const hand = await reopened()
      const taken = await hand.receive('q', { credit: 1_000_000 })
      await taken.link.flush()
      const ids = taken.deliveries.map((delivery) => delivery.message.id)
      expect([...all].filter((id) => !ids.includes(id))).toEqual([])
      // Of one sender, in the order of sending: ids of a round count up.
      all.clear()
      for (const delivery of taken.deliveries) taken.link.accept(delivery)
      for (const lease of leases.splice(0)) await lease.release()
    }
  })

  test('what it had taken and accepted long before stays gone; the rest is all there', async () => {
    const { sent: sentIds, took } = await told({ TAKE: 'accept' }, 3_000)
    const hand = await reopened()
    const ids = new Set(await idsOf(hand))
    for (const id of sentIds) if (!took.has(id)) expect(ids, id).toContain(id)
    // Verdicts are written without waiting, in order with the sends: one is on disk once a send that came after it is,
    // and with fifty senders that is so for the fifty-first outcome after it at the latest.
    const long = [...took].filter(([, before]) => sentIds.size - before > 50).map(([id]) => id)
    expect(long.length).toBeGreaterThan(100)
    expect(long.filter((id) => ids.has(id))).toEqual([])
  })

  test('one that kills it at once counts each time, and is buried after maxDeliveries with nobody else', async () => {
    const program = `
      import { fileBroker } from 'src/broker/index.ts'
      import { Hand } from 'src/../test/unit/broker/harness.ts'
      const hand = new Hand((await fileBroker(process.env.STORE)).broker)
      hand.session.attachReceiver = new Proxy(hand.session.attachReceiver, {
        apply: (target, self, [spec, events]) => {
          // Within the very call that hands it over.
          events.deliver = () => process.kill(process.pid, 'SIGKILL')
          return Reflect.apply(target, self, [spec, events])
        },
      })
      await hand.receive('q', { credit: 1 })
      setInterval(() => {}, 1000)
    `
    const hand = new Hand(await broker())
    await hand.queue('q', { maxDeliveries: 3, deadLetter: { name: 'dead', type: 'queue' } })
    await hand.queue('dead')
    await hand.send('q', 'killer')
    await hand.send('q', 'innocent')
    for (const lease of leases.splice(0)) await lease.release()
    for (let crash = 0; crash < 3; crash++) {
      await using child = Child.run(program, { STORE: directory })
      expect((await child.ended).signal).toBe('SIGKILL')
    }
    const after = await reopened()
    const taken = await after.receive('q', { credit: 1 })
    const [delivery] = await taken.first(1)
    expect(textOf(delivery!)).toBe('innocent')
    expect(delivery).toMatchObject({ deliveryCount: 1, redelivered: false })
    await eventually(async () => (await after.depth('dead')) === 1)
    expect(await after.browse('dead')).toEqual(['killer'])
  })

  test('a message that kills the process counts as delivered', async () => {
    await told({ TAKE: 'hold' }, 200)
    const hand = await reopened()
    const taken = await hand.receive('q', { credit: 1 })
    const [first] = await taken.first(1)
    expect(first).toMatchObject({ deliveryCount: 2, redelivered: true })
  })

  async function idsOf(hand: Hand): Promise<string[]> {
    const taken = await hand.receive('q', { credit: 1_000_000 })
    await taken.link.flush()
    return taken.deliveries.map((delivery) => delivery.message.id)
  }
})

describe('one store, one process', () => {
  test('another process gets CONNECT_FAILED naming the owner; when that has died, the store opens', async () => {
    const program = `
      import { fileBroker } from 'src/broker/index.ts'
      await fileBroker(process.env.STORE)
      console.log('open')
      setInterval(() => {}, 1000)
    `
    await using child = Child.run(program, { STORE: directory })
    expect(await child.line()).toBe('open')
    await expect(fileBroker(directory)).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining(`already open by process ${child.pid}`),
    })
    await child.kill()
    const hand = new Hand(await broker())
    await hand.queue('q')
  })

  test('within one process all share one broker, whatever path leads there; the last one closes it', async () => {
    const [first, second] = await Promise.all([
      fileBroker(directory),
      fileBroker(`${directory}/../${directory.split('/').at(-1)}`),
    ])
    leases.push(first!, second!)
    expect(first!.broker).toBe(second!.broker)
    const hand = new Hand(first!.broker)
    await hand.queue('q')
    await first!.release()
    await first!.release()
    await hand.send('q', 'still open')
    await second!.release()
    expect(hand.disconnected).toMatchObject({ code: 'CONNECTION_LOST' })
    const third = new Hand(await broker())
    expect(await third.browse('q')).toEqual(['still open'])
    const named = await memoryBroker('x')
    expect((await memoryBroker('x')).broker).toBe(named.broker)
    expect((await memoryBroker('')).broker).not.toBe(named.broker)
    await named.broker.close()
    expect((await memoryBroker('x')).broker).not.toBe(named.broker)
  })

  test('a lock of a process id that now belongs to another process is taken over', async () => {
    const first = await fileBroker(directory)
    await first.release()
    await writeFile(
      join(directory, 'owner.json'),
      JSON.stringify({
        pid: process.ppid,
        host: (await import('node:os')).hostname(),
        started: 'some-boot:1',
      }),
    )
    await broker()
  })
})

describe('damage', () => {
  async function filled(): Promise<string> {
    const hand = new Hand(await broker())
    await hand.queue('q')
    const sender = await hand.sender('q')
    await Promise.all(Array.from({ length: 500 }, (_, at) => sent(sender, message(`${at}`.padEnd(300, 'x')))))
    for (const lease of leases.splice(0)) await lease.release()
    return join(directory, 'data.mdb')
  }

  async function expectDamaged(): Promise<void> {
    await expect(fileBroker(directory)).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      retryable: false,
      message: expect.stringContaining(directory),
      hint: expect.stringContaining('copy'),
    })
  }

  test('a file that is cut short, empty, gone, overwritten or no database at all is named, and the process lives', async () => {
    const file = await filled()
    const whole = await readFile(file)
    const { size } = await stat(file)
    await truncate(file, size >> 1)
    await expectDamaged()
    await truncate(file, 0)
    await expectDamaged()
    await rm(file)
    await expectDamaged()
    await writeFile(file, Buffer.alloc(size, 0xa5))
    await expectDamaged()
    await writeFile(file, Buffer.concat([Buffer.alloc(8_192), whole.subarray(8_192)]))
    await expectDamaged()
    await writeFile(file, whole)
    expect(await new Hand(await broker()).depth('q')).toBe(500)
  })

  test('any page overwritten is found, or was not in use; no message comes back changed', async () => {
    const file = await filled()
    const copy = join(directory, 'whole')
    await copyFile(file, copy)
    const { size } = await stat(file)
    let refused = 0
    for (let page = 2; page * 4_096 < size; page += 3) {
      await copyFile(copy, file)
      const handle = await open(file, 'r+')
      await handle.write(Buffer.alloc(4_096, page), 0, 4_096, page * 4_096)
      await handle.close()
      const lease = await fileBroker(directory).catch((error) => {
        expect(error).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining(directory) })
      })
      if (!lease) {
        refused++
        continue
      }
      expect(await new Hand(lease.broker).depth('q')).toBe(500)
      await lease.release()
    }
    expect(refused).toBeGreaterThan(5)
  })

  test('single bytes changed in messages are found by their checksum', async () => {
    const file = await filled()
    const bytes = await readFile(file)
    // Every copy, since pages that are no longer in use hold older ones.
    const pad = Buffer.alloc(280, 'x')
    const third = Buffer.concat([Buffer.from('3'), pad])
    for (let at = bytes.indexOf(third); at >= 0; at = bytes.indexOf(third, at + 280)) bytes[at + 50] = 0x79
    await writeFile(file, bytes)
    const hand = new Hand(await broker())
    const texts = (await hand.browse('q')).map((text) => text.replace(/x+$/, ''))
    const whole = Array.from({ length: 500 }, (_, at) => `${at}`)
    expect(texts).toEqual(whole.filter((text) => !text.endsWith('3')))
    expect(hand.warnings).toHaveLength(50)
    expect(hand.warnings[0]).toMatchObject({ context: { address: 'q', position: expect.any(Number) } })
    // They are left where they are: who opens it again is told again, and new messages take no place of theirs.
    await hand.send('q', 'new')
    const again = await reopened()
    expect((await again.browse('q')).at(-1)).toBe('new')
    expect(again.warnings).toHaveLength(50)
  })

  test('a database of another program is refused, and nothing is written to it', async () => {
    const foreign = openLmdb({ path: directory, noSubdir: false } as { path: string })
    await foreign.openDB({ name: 'sessions' }).put('key', 'theirs')
    await foreign.put('own', 1)
    await foreign.close()
    await expect(fileBroker(directory)).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      retryable: false,
      message: expect.stringContaining('another program'),
    })
    const again = openLmdb({ path: directory, noSubdir: false } as { path: string })
    expect([...again.getKeys()].sort()).toEqual(['own', 'sessions'])
    await again.close()
    expect(await readdir(directory)).not.toContain('sluice-store.json')
  })

  test('a directory that cannot be made is named', async () => {
    await writeFile(join(directory, 'plain'), 'a file')
    await expect(fileBroker(join(directory, 'plain', 'below'))).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('below'),
    })
  })

  test.runIf(process.platform === 'linux')(
    'so is one in a file system that takes none, at once',
    { timeout: 2_000 },
    async () => {
      await expect(fileBroker('/proc/sluice')).rejects.toMatchObject({
        code: 'CONNECT_FAILED',
        retryable: false,
      })
    },
  )
})

describe('a full disk', () => {
  test('that send is refused with a hint, nothing is lost or wedged, and room makes it go on', async () => {
    // A limit on the size of files stands for a disk without room: the write fails in the same way.
    const harness = fileURLToPath(new URL('../harness.ts', import.meta.url))
    const index = fileURLToPath(new URL('../../../../src/broker/index.ts', import.meta.url))
    const program = join(directory, 'program.mts')
    await writeFile(
      program,
      `
      import { fileBroker } from ${JSON.stringify(index)}
      import { Hand, message, sent } from ${JSON.stringify(harness)}
      const lease = await fileBroker(process.env.STORE)
      const hand = new Hand(lease.broker)
      await hand.queue('q', { deadLetter: { name: 'dlq', type: 'queue' } })
      const sender = await hand.sender('q')
      const body = 'x'.repeat(20000)
      let stored = 0, refusal
      while (!refusal && stored < 5000) await sent(sender, message(body)).then(() => stored++, (error) => { refusal = error })
      const again = await sent(sender, message(body)).then(() => 'stored', (error) => error.code)
      // A node takes less room than a message.
      let declared
      for (let at = 0; at < 1000 && !declared; at++)
        await hand.queue('late-' + at, { deadLetter: { name: body.slice(0, 900), type: 'queue' } }).catch(({ code, retryable, hint }) => { declared = { code, retryable, hint } })
      const taken = await hand.receive('q', { credit: stored })
      await taken.first(stored)
      const depth = taken.deliveries.length
      for (const delivery of taken.deliveries.splice(0, stored - 5)) taken.link.accept(delivery)
      let after
      for (let tries = 0; tries < 200 && after !== 'stored'; tries++) {
        after = await sent(sender, message(body)).then(() => 'stored', (error) => error.code)
        if (after !== 'stored') await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await taken.link.close()
      await hand.session.close()
      await lease.release()
      const next = await fileBroker(process.env.STORE)
      const reopened = await new Hand(next.broker).depth('q')
      await next.release()
      console.log('RESULT' + JSON.stringify({ stored, code: refusal?.code, hint: refusal?.hint, again, declared, depth, after, reopened }))
      `,
    )
    const child = spawn(
      'bash',
      [
        '-c',
        `trap '' XFSZ; ulimit -f 4096; exec "$0" --import "$1" "$2"`,
        process.execPath,
        import.meta.resolve('tsx'),
        program,
      ],
      { env: { ...process.env, STORE: join(directory, 'data') }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    const [code] = await once(child, 'close')
    expect(code, errors).toBe(0)
    const result = JSON.parse(output.slice(output.indexOf('RESULT') + 6))
    expect(result).toMatchObject({
      code: 'SEND_REJECTED',
      hint: expect.stringContaining('room'),
      again: 'SEND_REJECTED',
      declared: { code: 'STORE_FAILED', retryable: true, hint: expect.stringContaining('room') },
      after: 'stored',
      reopened: 6,
    })
    expect(result.stored).toBeGreaterThan(20)
    expect(result.depth).toBe(result.stored)
  })
})

async function tick(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1))
}
