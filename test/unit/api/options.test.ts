/** Options as a program without types gives them: refused before anything happens. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect, queue, service } from '../../../src/index.ts'

const url = 'memory:options'

test.each([
  ['clientName', { clientName: 5 }],
  ['username', { username: 5 }],
  ['password', { password: 5 }],
  ['tls', { tls: 'ca.pem' }],
  ['native', { native: 'x' }],
  ['native', { native: [] }],
  ['reconnect', { reconnect: true }],
  ['reconnect.limit', { reconnect: { limit: 'x' } }],
  ['waitForBroker', { reconnect: { waitForBroker: 'x' } }],
  ['codecs', { codecs: 5 }],
  ['codec', { codecs: [{ encode() {}, decode() {} }] }],
  ['signal', { signal: {} }],
])('connect() refuses a wrong type of %s', async (name, options) => {
  const error = await connect({ url, ...options } as never).catch((problem) => problem)
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).toContain(name)
})

test.each([
  ['fields', null],
  ['fields', []],
  ['fields', 5],
  ['timeoutMs', { timeoutMs: '5' }],
  ['signal', { signal: {} }],
  ['properties', { properties: [1] }],
  ['properties', { properties: new Map([['a', 1]]) }],
])('send() and request() refuse a wrong type of %s', async (name, fields) => {
  await using connection = await connect(url)
  const sender = await connection.sender(queue('types'))
  for (const call of [
    () => sender.send('x', fields as never),
    () => connection.send(queue('types'), 'x', fields as never),
    () => connection.request(service('asked'), 'x', fields as never),
  ]) {
    const error = await call().catch((problem) => problem)
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain(name)
  }
  const receiver = await connection.receiver(queue('types'))
  expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
})

test('calls refuse a time that is none, and options they do not know', async () => {
  await using connection = await connect(url)
  const jobs = queue('checked')
  await connection.send(jobs, 'x')
  const delivery = (await (await connection.receiver(jobs)).receive({ timeoutMs: 1_000 }))!
  const calls = [
    () => connection.send(jobs, 'x', { timeoutMs: -1 }),
    () => connection.send(jobs, 'x', { timeoutMs: Number.NaN }),
    () => connection.request(service('asked'), 'x', { timeoutMs: -1 }),
    () => connection.admin.declare(jobs, { timeout: 1 } as never),
    () => connection.admin.inspect(jobs, { timeoutMs: -1 }),
    () => connection.admin.list({ timeout: 1 } as never),
    () => delivery.release({ delay: 5 } as never),
    () => delivery.release({ delayMs: -1 }),
    () => delivery.release({ delayMs: Number.POSITIVE_INFINITY }),
    () => connection.send(jobs, 'x', { delayMs: Number.POSITIVE_INFINITY }),
  ]
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await delivery.accept()
})

test('waits longer than a timer can be are waits, not none', async () => {
  const data = mkdtempSync(join(tmpdir(), 'sluice-options-'))
  try {
    for (const ms of [Number.POSITIVE_INFINITY, 2 ** 31, 1e15]) {
      const connection = await connect({ url: `file:${data}`, connectTimeoutMs: ms })
      await connection.send(queue('long'), 'x', { timeoutMs: ms, ttlMs: ms })
      await connection.admin.inspect(queue('long'), { timeoutMs: ms })
      const receiver = await connection.receiver(queue('long'), { timeoutMs: ms })
      const delivery = await receiver.receive({ timeoutMs: ms })
      expect(delivery?.body).toBe('x')
      await delivery?.accept()
      await connection.close({ timeoutMs: ms })
    }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})
