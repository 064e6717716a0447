/** Bodies of every size through the store: the library gives values back in other ways from some sizes on. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileBroker } from '../../../../src/broker/index.ts'
import { Child } from '../../../support/child.ts'
import { Hand, message, sent } from '../harness.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SIZES = [0, 16 * KIB, 32 * KIB, 64 * KIB, MIB, 4 * MIB, 16 * MIB]
  .flatMap((size) => (size === 0 ? [0, 1] : [size - 1, size, size + 1]))
  .concat(32 * MIB, 64 * MIB + 1, 100 * MIB)
/** The record is a little longer than its body: both sides of the library's border, too. */
const NEAR = Array.from({ length: 12 }, (_, step) => 16 * MIB - 120 + step * 10)

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-sizes-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** Random bytes once, cut to every length: no piece is like another, and none is made twice. */
const BYTES = randomBytes(100 * MIB)

/** Its length when it is what was sent. */
function wholeLength(body: Uint8Array): number {
  expect(BYTES.subarray(0, body.length).equals(body), `${body.length} bytes`).toBe(true)
  return body.length
}

async function store(sizes: readonly number[]): Promise<number[]> {
  const lease = await fileBroker(directory)
  const hand = new Hand(lease.broker)
  await hand.queue('q')
  const sender = await hand.sender('q')
  for (const size of sizes) await sent(sender, message('', { body: BYTES.subarray(0, size) }))
  const read = await allOf(hand, wholeLength)
  await lease.release()
  return read
}

/** Lengths of all that waits, given back untouched. */
async function allOf<T>(hand: Hand, check: (body: Uint8Array) => T): Promise<T[]> {
  const seen: T[] = []
  const taken = await hand.receive('q', { mode: 'browse', credit: 1 })
  while (!taken.ended) {
    await taken.until(() => taken.ended || taken.deliveries.length > 0)
    for (const delivery of taken.deliveries.splice(0)) {
      seen.push(check(delivery.message.body as Uint8Array))
      taken.link.accept(delivery)
    }
  }
  expect(hand.warnings).toEqual([])
  return seen
}

async function reopened<T>(check: (body: Uint8Array) => T): Promise<T[]> {
  const lease = await fileBroker(directory)
  const read = await allOf(new Hand(lease.broker), check)
  await lease.release()
  return read
}

test('bodies around every border come back whole, at once and after a restart', {
  timeout: 60_000,
}, async () => {
  expect(await store(SIZES)).toEqual(SIZES)
  expect(await reopened(wholeLength)).toEqual(SIZES)
})

test('every length of record around 16 MiB comes back whole', { timeout: 60_000 }, async () => {
  expect(await store(NEAR)).toEqual(NEAR)
})

test('large bodies of a process that was killed come back whole in another', {
  timeout: 60_000,
}, async () => {
  const program = `
    import { createHash, randomBytes } from 'node:crypto'
    import { fileBroker } from 'src/broker/index.ts'
    import { Hand, message, sent } from 'src/../test/unit/broker/harness.ts'
    const hand = new Hand((await fileBroker(process.env.STORE)).broker)
    await hand.queue('q')
    const sender = await hand.sender('q')
    const send = async (size) => {
      const body = randomBytes(size)
      await sent(sender, message('', { body }))
      console.log(size + ' ' + createHash('sha1').update(body).digest('hex'))
    }
    // Alone, then several in one batch.
    await send(20_000_000)
    await Promise.all([16_777_216, 17_000_000, 20_000_000, 64, 33_554_432].map(send))
    console.log('done')
    setInterval(() => {}, 1000)
  `
  await using child = Child.run(program, { STORE: directory })
  const whole: string[] = []
  for (let line = await child.line(); line !== 'done'; line = await child.line()) whole.push(line)
  await child.kill()
  const digest = (body: Uint8Array) => `${body.length} ${createHash('sha1').update(body).digest('hex')}`
  expect((await reopened(digest)).sort()).toEqual(whole.sort())
})
