/** Options as a program without types gives them: refused before anything happens. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connectPlan } from '../../../src/api/link/connect-options.ts'
import { connect, MessagingError, multicast, queue, service, topic } from '../../../src/index.ts'

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

test('connect() refuses options beside the URL, which would be lost; what map() adds is none', async () => {
  const beside = connect as unknown as (...given: unknown[]) => ReturnType<typeof connect>
  await expect(beside(url, { username: 'app' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    hint: 'Write connect({ url, ...options }).',
  })
  const connections = await Promise.all([url, url].map(beside))
  await Promise.all(connections.map((connection) => connection.close()))
})

test.each([2 ** 53, Number.MAX_VALUE, 100_001])(
  '%s handlers at once are refused, and not begun',
  async (concurrency) => {
    await using connection = await connect(url)
    const refused = { code: 'CONFIG_INVALID', message: expect.stringContaining('concurrency') }
    const open = [
      () => connection.consume(queue('many'), () => {}, { concurrency }),
      () => connection.consumeBatch(queue('many'), () => {}, { concurrency }),
      () => connection.respond(service('many'), () => 1, { concurrency }),
    ]
    for (const call of open) await expect(call()).rejects.toMatchObject(refused)
  },
)

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

test.each([[100], ['5'], [null], [[]]])(
  'receive(%j): options that are no object are refused, not passed over',
  async (options) => {
    await using connection = await connect(url)
    const receiver = await connection.receiver(queue('waits'))
    await expect(receiver.receive(options as never)).rejects.toThrow('the options are no object')
  },
)

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
    // Nothing would ever come.
    () => connection.consume(jobs, () => {}, { credit: 0 }),
    () => connection.consumeBatch(jobs, () => {}, { credit: -0 }),
    async () => connection.browse(jobs, { credit: 0 }),
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

test.each([
  ['headers', 'properties', { headers: { a: 1 } }],
  ['expiration', 'ttlMs', { expiration: 5 }],
  ['persistent', 'durable', { persistent: true }],
  ['routingKey', 'subject', { routingKey: 'a' }],
])('a field that other libraries call %s: did you mean %s?', async (theirs, ours, fields) => {
  await using connection = await connect(url)
  await expect(connection.send(queue('words'), 'x', fields as never)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `send: unknown option '${theirs}'; did you mean '${ours}'?`,
  })
})

test('options that other libraries call otherwise: did you mean ours?', async () => {
  await using connection = await connect(url)
  await expect(connection.receiver(queue('words'), { prefetch: 1 } as never)).rejects.toThrow("'credit'")
  await expect(connection.request(service('s'), 'x', { timeout: 1 } as never)).rejects.toThrow("'timeoutMs'")
  await expect(connect({ url, timeout: 1 } as never)).rejects.toThrow("'connectTimeoutMs'")
  await expect(connect({ host: 'localhost' } as never)).rejects.toThrow("'url'")
  expect(() => queue('q', { deadLetterExchange: 'x' } as never)).toThrow("'deadLetter'")
  await expect(connect('memory:?foo=1')).rejects.toMatchObject({
    hint: expect.stringContaining('no options'),
  })
})

test('connect() takes a URL object, and says how a URL is written', async () => {
  await using connection = await connect(new URL(url))
  expect(connection.adapter).toBe('memory')
  for (const wrong of ['localhost', 'localhost:5672', 'memory', ''])
    await expect(connect(wrong)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringMatching(/^A URL begins with its scheme, .*rabbitmq:\/\/localhost/),
    })
  await expect(connect([url] as never)).rejects.toThrow(/TypeError|url: \[/)
})

test.each(['file:', 'file:/', 'file://', 'file:///'])(
  '%s is not the root of the file system',
  async (root) => {
    await expect(connect(root)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('names no directory'),
    })
  },
)

test('a reason that is no string leaves the delivery to be settled', async () => {
  await using connection = await connect(url)
  await connection.send(queue('reasons'), 'x')
  const delivery = (await (await connection.receiver(queue('reasons'))).receive({ timeoutMs: 1_000 }))!
  await expect(delivery.reject(false as never)).rejects.toThrow(TypeError)
  await delivery.accept()
})

test('names and patterns in a list: one by one', () => {
  expect(() => multicast('fleet').to(['a', 'b'] as never)).toThrow('to(...names)')
  expect(() => topic('news').matching(['a', 'b'] as never)).toThrow('matching(...patterns)')
})

test('an option of a node that the embedded broker does not know is named', async () => {
  await using connection = await connect(url)
  await expect(connection.admin.declare(queue('q', { native: { foo: 1 } }))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    context: { option: 'foo' },
  })
  await expect(
    connection.admin.declare('q; {create: always, node: {x-declare: {foo: 1}}}'),
  ).rejects.toMatchObject({ code: 'NOT_SUPPORTED', message: expect.stringContaining('x-declare: foo') })
})

test.each([
  [{ count: 0, perMs: 1_000 }, 'rate.count: 0 is not a whole number from 1'],
  [{ count: 1.5, perMs: 1_000 }, 'rate.count: 1.5 is not a whole number from 1'],
  [{ count: '5', perMs: 1_000 }, 'rate.count: 5 is not a whole number from 1'],
  [{ count: Number.POSITIVE_INFINITY, perMs: 1_000 }, 'rate.count: Infinity is not a whole number from 1'],
  [{ perMs: 1_000 }, 'rate.count: undefined is not a whole number from 1'],
  [{ count: 5 }, 'rate.perMs: undefined is not a number of milliseconds from 1'],
  [{ count: 5, perMs: 0 }, 'rate.perMs: 0 is not a number of milliseconds from 1'],
  [{ count: 5, perMs: Number.NaN }, 'rate.perMs: NaN is not a number of milliseconds from 1'],
  [{ count: 5, perMS: 1_000 }, "rate: unknown option 'perMS'; did you mean 'perMs'?"],
])('a rate of %j is refused in clear words by all that take one', async (rate, text) => {
  await using connection = await connect(url)
  const options = { rate } as never
  for (const [call, opened] of [
    ['consume', connection.consume(queue('rates'), () => {}, options)],
    ['consumeBatch', connection.consumeBatch(queue('rates'), () => {}, options)],
    ['respond', connection.respond(service('rates'), () => 1, options)],
  ] as const) {
    const error = await opened.catch((problem) => problem)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(error.message).toContain(`${call}(): ${text}`)
  }
})

test.each([5, '100/s', null, [100, 1_000]])('a rate that is no object, but %j, is refused', async (rate) => {
  await using connection = await connect(url)
  const error = await connection
    .consume(queue('rates'), () => {}, { rate } as never)
    .catch((problem) => problem)
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).toContain('rate is no object')
})

test.each([
  ['CONFIG_INVALID', { size: 0 }],
  ['CONFIG_INVALID', { size: 1.5 }],
  ['CONFIG_INVALID', { waitMs: -1 }],
  ['CONFIG_INVALID', { waitMs: Number.POSITIVE_INFINITY }],
  ['CONFIG_INVALID', { waitMS: 5 }],
])('consumeBatch() refuses with %s the options %j', async (code, options) => {
  await using connection = await connect(url)
  const error = await connection
    .consumeBatch(queue('batches'), () => {}, options as never)
    .catch((problem) => problem)
  expect(error).toMatchObject({ code })
})

test.each([
  ['retry', { retry: 5 }, TypeError],
  ['retry', { retry: { minDelay: 5 } }, MessagingError],
  ['retry.minDelayMs', { retry: { minDelayMs: Number.NaN } }, MessagingError],
  ['retry.maxDelayMs', { retry: { maxDelayMs: '5' } }, TypeError],
  ['onError', { onError: 'x' }, TypeError],
])('consume() refuses a wrong %s', async (name, options, kind) => {
  await using connection = await connect(url)
  for (const call of ['consume', 'consumeBatch'] as const) {
    const error = await connection[call](queue('retry'), () => {}, options as never).catch(
      (problem) => problem,
    )
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(name)
  }
})

test.each([
  ['a Map', new Map([['priority', 5]])],
  ['a Set', new Set(['priority'])],
  ['a text', new String('priority')],
  ['a promise that nobody awaited', Promise.resolve({ priority: 5 })],
])('%s is no options, no fields and no properties: nothing of it would be read', async (_, odd) => {
  await using connection = await connect(url)
  const place = queue('records')
  const refused = [
    () => connection.send(place, 'x', odd as never),
    () => connection.send(place, 'x', { properties: odd as never }),
    () => connection.sender(place, odd as never),
    async () => queue('records', odd as never),
  ]
  for (const call of refused) await expect(call()).rejects.toBeInstanceOf(TypeError)
  expect((await connection.admin.inspect(place))?.depth ?? 0).toBe(0)
})

test('options are read once, when they are given', async () => {
  await using connection = await connect(url)
  const options = { credit: 5 }
  await using receiver = await connection.receiver(queue('read-once'), options)
  options.credit = -1
  expect(receiver.credit).toBe(5)
})

test('on() refuses an event that there is not, and a listener that is none', async () => {
  await using connection = await connect(url)
  expect(() => connection.on('disconnect' as never, () => {})).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  )
  expect(() => connection.on('warning', undefined as never)).toThrow(TypeError)
})

test('a close with wrong options rejects, and closes nothing', async () => {
  await using connection = await connect(url)
  const place = queue('closes')
  const open = [
    await connection.sender(place),
    await connection.receiver(place),
    await connection.consume(place, () => {}),
    await connection.respond(service('closes'), () => 1),
    connection,
  ]
  for (const one of open) {
    const closing = one.close({ timeoutMs: -1 })
    await expect(closing).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  }
  await connection.send(place, 'x')
})

test('a pattern that is no valid Unicode is refused: no subject could ever fit it', () => {
  expect(() => topic('unicode').matching('a.\ud800')).toThrow(
    expect.objectContaining({ code: 'ADDRESS_MALFORMED' }),
  )
})

test.each([Number.POSITIVE_INFINITY, 2 ** 40])(
  'a heartbeat of %s ms is one that timers and brokers can hold',
  (heartbeatMs) => {
    expect(connectPlan({ url, heartbeatMs }).targets[0]!.heartbeatMs).toBe(43_200_000)
  },
)

test('an unknown option of any length is refused at once, in a few words', async () => {
  await using connection = await connect(url)
  const error = await connection
    .send(queue('long'), 'x', { ['x'.repeat(10_000_000)]: 1 } as never)
    .catch((problem) => problem)
  expect(error.code).toBe('CONFIG_INVALID')
  expect(error.message.length).toBeLessThan(1_000)
})
