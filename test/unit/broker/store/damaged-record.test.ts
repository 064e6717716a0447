/** A record that is damaged while its store is open: whoever reads past it, whichever way, gets the rest, and is told the position. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Connection, connect, queue, type StatusEvent, service } from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'

const BODIES = ['one', 'the-damaged-one', 'three']
const dead = queue<string>('dead')
const orders = queue<string>('orders', { maxDeliveries: 3, deadLetter: dead })

let directory: string
let connection: Connection
let warnings: Extract<StatusEvent, { type: 'warning' }>[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-damaged-'))
  await opened()
  for (const body of BODIES) await connection.send(orders, body)
  await connection.close()
  // Opened anew, bodies are on the disk only.
  await opened()
})

afterEach(async () => {
  await connection.close()
  await rm(directory, { recursive: true, force: true })
})

async function opened(): Promise<void> {
  connection = await connect(`file:${directory}`)
  warnings = []
  connection.on('warning', (event) => warnings.push(event))
}

/** Under the open store, which maps the file. */
async function damage(): Promise<void> {
  const path = join(directory, 'data.mdb')
  const bytes = await readFile(path)
  const file = await open(path, 'r+')
  // Every copy, since pages that are no longer in use hold older ones.
  for (let at = bytes.indexOf(BODIES[1]!); at >= 0; at = bytes.indexOf(BODIES[1]!, at + 1))
    await file.write(Buffer.from('X'), 0, 1, at)
  await file.close()
}

function expectTold(): void {
  expect(warnings[0]?.error).toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining("'orders'"),
    context: { address: 'orders', position: 2 },
  })
}

test('opening: whoever listens behind connect() is told', async () => {
  await connection.close()
  await damage()
  await opened()
  await eventually(() => warnings.length > 0)
  expectTold()
  const seen: string[] = []
  for await (const { body } of connection.browse(orders)) seen.push(body)
  expect(seen).toEqual(['one', 'three'])
})

test('consume', async () => {
  await damage()
  const seen: string[] = []
  const consumer = await connection.consume(orders, ({ body }) => void seen.push(body))
  await eventually(() => seen.length === 2)
  await consumer.close()
  expect(seen).toEqual(['one', 'three'])
  expectTold()
  expect((await connection.admin.inspect(orders))!.depth).toBe(0)
})

test('consumeBatch', async () => {
  await damage()
  const seen: string[] = []
  const consumer = await connection.consumeBatch(
    orders,
    (batch) => void seen.push(...batch.map(({ body }) => body)),
    { size: 2 },
  )
  await eventually(() => seen.length === 2)
  await consumer.close()
  expect(seen).toEqual(['one', 'three'])
  expectTold()
})

test('a receiver, and the way to the dead letters', async () => {
  const receiver = await connection.receiver(orders, { credit: 2 })
  // In hand all the time: a verdict would have the page of all three written anew.
  expect((await receiver.receive({ timeoutMs: 5_000 }))!.body).toBe('one')
  for (let times = 0; times < 3; times++) {
    const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
    expect(delivery.body).toBe('the-damaged-one')
    if (times === 2) await damage()
    await delivery.release()
  }
  expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('three')
  await receiver.close()
  await eventually(() => warnings.length > 0)
  expectTold()
  // Its record was left where it is.
  await connection.close()
  await opened()
  await eventually(() => warnings.length > 0)
  expectTold()
})

test('browse', async () => {
  await damage()
  const seen: string[] = []
  for await (const { body } of connection.browse(orders)) seen.push(body)
  expect(seen).toEqual(['one', 'three'])
  expectTold()
})

test('replay', async () => {
  const receiver = await connection.receiver(orders)
  for (let at = 0; at < BODIES.length; at++) await (await receiver.receive())!.reject('not now')
  await receiver.close()
  await connection.close()
  await opened()
  await damage()
  const report = await connection.replay(dead)
  expect(report).toMatchObject({ replayed: 2 })
  expect(warnings[0]?.error.context).toMatchObject({ address: 'dead', position: expect.any(Number) })
  const seen: string[] = []
  for await (const { body } of connection.browse(orders)) seen.push(body)
  expect(seen).toEqual(['one', 'three'])
})

test('respond', async () => {
  const asked = queue<string>('asked')
  for (const body of BODIES) await connection.send(asked, body)
  await connection.close()
  await opened()
  await damage()
  const seen: string[] = []
  const responder = await connection.respond(service<string, string>('asked'), ({ body }) => {
    seen.push(body)
    return body
  })
  await eventually(() => seen.length === 2)
  await responder.close()
  expect(seen).toEqual(['one', 'three'])
})
