/** What a console never does: change anything unasked, tell a secret, show what is to be hidden. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createApp, type Services } from '../../src/console/http/app.ts'
import { createConsole } from '../../src/console/index.ts'
import type { Act, BrokerView, BrowsePage, NodesPage } from '../../src/console/protocol.ts'
import { type Connection, connect, createCurveKeys, queue, topic } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { uniqueName } from '../support/names.ts'
import { TestConsole } from './client.ts'
import { type Place, place, REAL } from './places.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sluice-console-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'SEARCH',
  'QUERY',
]

/** As the server registers them. */
function routes(): string[] {
  const services = { assets: new Map([['/', {}]]), session: {} } as unknown as Services
  return [...new Set(createApp(services).routes.map(({ path }) => path))].filter((path) => path.includes('/'))
}

describe.each(['memory', ...REAL] as const)('read-only on %s', (kind) => {
  test('every route with every method, and every act, changes nothing', async () => {
    await using there: Place = await place(kind)
    const broker = there.connection
    // What nobody has looked at is the measure: on RabbitMQ a look counts, the witness's own as well.
    const [orders, untouched, other] = [uniqueName(), uniqueName(), uniqueName()]
    for (const name of [orders, untouched])
      for (let at = 0; at < 5; at++) await broker.send(queue(name), `body ${at}`, { id: `id-${at}` })
    await broker.admin.declare(queue(other))
    await using console = await TestConsole.start({ connections: { it: there.options } })
    await console.connected('it')

    const at = { broker: 'it', address: orders }
    const to = { broker: 'it', address: other }
    const made = uniqueName()
    const confirm = orders
    const message = { body: { kind: 'text', text: 'x' } } as const
    const acts: Act[] = [
      { act: 'send', ...at, messages: [message] },
      { act: 'request', ...at, message, timeoutMs: 100 },
      { act: 'copy', from: at, to },
      { act: 'move', from: at, to, ids: ['id-0'] },
      { act: 'move', from: at, to },
      { act: 'replay', ...at },
      { act: 'replay', ...at, dryRun: true },
      { act: 'delete-messages', ...at, ids: ['id-0'] },
      { act: 'purge', ...at, confirm },
      { act: 'delete', ...at, confirm },
      { act: 'declare', broker: 'it', address: made },
      { act: 'bind', broker: 'it', address: made, to: orders },
    ]
    for (const act of acts) {
      const { status, json } = await console.post('/api/acts', act)
      expect([act.act, status, json.code]).toEqual([act.act, 403, 'READ_ONLY'])
    }
    // Addresses that would make or delete a node where an application uses them.
    const tricky = [
      `${made}; {create: always}`,
      `${orders}; {delete: always}`,
      `${made}; {create: always, node: {type: topic}}`,
      `${orders}; {mode: consume}`,
    ]
    const bodies = [
      ...acts,
      ...[orders, ...tricky].flatMap((address) => [
        { address },
        { address, position: 0 },
        { left: { broker: 'it', address }, right: to },
        { tap: { broker: 'it', address } },
      ]),
    ]
    // Beside memory each route has one of the addresses in its turn: a real broker takes its time over all of them.
    const all = [orders, ...tricky]
    for (const [turn, route] of routes().entries()) {
      // What a stream is sent is tried below; opened here it would not end.
      if (route === '/api/stream') continue
      for (const address of kind === 'memory' ? all : [all[turn % all.length]!]) {
        const path = route
          .replace(':broker', 'it')
          .replace(':address', encodeURIComponent(address))
          .replace(':id', 'none')
          .replace('*', 'x')
        for (const method of METHODS.filter((each) => each !== 'POST'))
          await console.raw({ method, path, headers: console.own })
      }
      const path = route.replace(':broker', 'it').replace(':address', orders).replace(':id', 'none')
      for (const body of bodies) await console.post(path.replace('*', 'x'), body)
    }
    for (const address of [orders, ...tricky]) {
      await using stream = await console.stream()
      await stream.watch({ nodes: [{ broker: 'it' }], tap: { broker: 'it', address } })
      await stream.first('nodes')
    }
    expect(await depths(broker, [orders, other])).toEqual([5, 0])
    expect(await waiting(broker, orders)).toEqual(await waiting(broker, untouched))
    expect(await broker.admin.inspect(queue(made))).toBeUndefined()
    expect(await broker.admin.inspect(topic(made))).toBeUndefined()
  }, 120_000)
})

function depths(broker: Connection, names: readonly string[]): Promise<(number | undefined)[]> {
  return Promise.all(names.map(async (name) => (await broker.admin.inspect(queue(name)))?.depth))
}

async function waiting(broker: Connection, name: string): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const message of broker.browse(queue<string>(name)))
    seen.push([message.id, message.body, (message as { deliveryCount?: number }).deliveryCount])
  return seen
}

test('no secret of a configured connection is in the page, an answer, the log or a download', async () => {
  const port = await freePorts(1)
  const gone = `127.0.0.1:${port}`
  const secret = (at: number): string => `canary/${at}-s3cr3t`
  const word = (at: number): string => encodeURIComponent(secret(at))
  const { publicKey, secretKey } = await createCurveKeys()
  const memory = `memory:${uniqueName()}`
  await using broker = await connect(memory)
  await broker.send(queue('orders'), 'hello')
  const file = join(scratch, 'password')
  writeFileSync(file, `${secret(9)}\n`)
  await using console = await TestConsole.start({
    connections: {
      mem: memory,
      login: `rabbitmq://user:${word(1)}@${gone}/v`,
      query: `rabbitmq://user@${gone}/v?managementUrl=${encodeURIComponent(`http://admin:${word(2)}@${gone}`)}`,
      option: { url: `qpid://user@${gone}`, password: secret(3) },
      list: { url: [`redis://:${word(4)}@${gone}`, `redis://:${word(5)}@${gone}`] },
      native: {
        url: `rabbitmq://user@${gone}`,
        password: secret(6),
        native: { managementUrl: `http://admin:${word(7)}@${gone}` },
      },
      curve: { url: `zmq://${gone}`, native: { curve: { serverKey: publicKey, publicKey, secretKey } } },
      refused: { url: `file:${join(file, 'no-directory')}`, native: {} },
    },
    passwordFile: file,
    write: true,
  })
  const wrong = await console.raw({
    method: 'POST',
    path: '/api/login',
    headers: { ...console.own, 'content-type': 'application/json' },
    body: JSON.stringify({ password: secret(1) }),
  })
  expect(wrong.status).toBe(401)
  const entered = await console.raw({
    method: 'POST',
    path: '/api/login',
    headers: { ...console.own, 'content-type': 'application/json' },
    body: JSON.stringify({ password: secret(9) }),
  })
  expect(entered.status).toBe(204)
  console.cookie = entered.headers['set-cookie']![0]!.split(';')[0]!
  const heard: string[] = []
  const views = await eventually(async () => {
    const { json, text } = await console.get('/api/brokers')
    heard.push(text)
    const known = json as BrokerView[]
    return known.every(({ state }) => state !== 'connecting') ? known : undefined
  })
  expect(views.filter(({ state }) => state === 'failed')).toHaveLength(7)
  for (const path of ['/', '/app.js', '/app.css']) heard.push((await console.raw({ path })).text)
  await using stream = await console.stream()
  for (const { name } of views) {
    for (const path of ['capabilities', 'nodes', 'nodes/orders'])
      heard.push((await console.get(`/api/brokers/${name}/${path}`)).text)
    for (const path of ['browse', 'body', 'dead-letters'])
      heard.push(
        (
          await console.post(`/api/brokers/${name}/${path}`, {
            address: 'orders',
            ...(path === 'body' && { position: 0 }),
          })
        ).text,
      )
    heard.push((await console.post('/api/acts', { act: 'declare', broker: name, address: 'orders' })).text)
    heard.push(
      (
        await console.post('/api/compare', {
          left: { broker: name, address: 'orders' },
          right: { broker: 'mem', address: 'orders' },
        })
      ).text,
    )
    await stream.watch({ nodes: [{ broker: name }], tap: { broker: name, address: 'orders' } })
  }
  await stream.first('tap-ended')
  heard.push(JSON.stringify(stream.events))
  const all = [...heard, ...console.log]
  expect(console.log.length).toBeGreaterThan(20)
  const secrets = [...Array.from({ length: 9 }, (_, at) => secret(at + 1)), 's3cr3t', secretKey]
  for (const text of all) for (const known of secrets) expect(text).not.toContain(known)
  expect(views.find(({ name }) => name === 'login')!.url).toBe(`rabbitmq://user:***@${gone}/v`)
}, 60_000)

test('without bodies none is shown, downloaded, searched, tapped or compared in view', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  await broker.send(queue('orders'), 'canary-body', { id: 'a', properties: { seen: 'yes' } })
  await broker.admin.declare(topic('news'))
  await using console = await TestConsole.start({ connections: { it: url }, bodies: false, write: true })
  await console.connected('it')
  const page = await console.posted<BrowsePage>('/api/brokers/it/browse', { address: 'orders' })
  expect(page.messages[0]).toMatchObject({
    id: 'a',
    properties: { seen: 'yes' },
    body: { kind: 'hidden', text: '', bytes: 11 },
  })
  expect((await console.post('/api/brokers/it/body', { address: 'orders', position: 0 })).status).toBe(403)
  for (const where of [
    'C = "x"',
    'len(C) > 3',
    'M.content ~ "x"',
    'M.body ~ "x"',
    '"x"',
    'not (M.id = "a" and C["k"] = 1)',
    'M',
    'len( C)',
    'M . content',
  ])
    expect((await console.post('/api/brokers/it/browse', { address: 'orders', where })).status, where).toBe(
      403,
    )
  expect(
    (await console.post('/api/brokers/it/browse', { address: 'orders', where: 'M.id = "a"' })).status,
  ).toBe(200)
  const answers = [
    await console.post('/api/compare', {
      left: { broker: 'it', address: 'orders' },
      right: { broker: 'it', address: 'orders' },
    }),
    await console.post('/api/acts', {
      act: 'copy',
      from: { broker: 'it', address: 'orders' },
      to: { broker: 'it', address: 'other; {create: always}' },
      where: 'C ~ "canary"',
    }),
  ]
  await using stream = await console.stream()
  await stream.watch({ tap: { broker: 'it', address: 'news' } })
  await eventually(async () => {
    await broker.send(topic('news'), 'canary-body').catch(() => {})
    return stream.events.some(({ event }) => event === 'tap')
  })
  for (const text of [...answers.map((answer) => answer.text), JSON.stringify(stream.events)])
    expect(text).not.toContain('canary-body')
  expect(console.log.join('\n')).not.toContain('canary-body')
})

test('on a connection marked production every act wants the name of the node that it changes', async () => {
  const [live, spare] = [`memory:${uniqueName()}`, `memory:${uniqueName()}`]
  await using broker = await connect(live)
  await using other = await connect(spare)
  await broker.admin.declare(queue('orders'))
  await other.admin.declare(queue('spare'))
  await using console = await TestConsole.start({
    connections: { live, spare },
    production: ['live'],
    write: true,
  })
  await console.connected('live', 'spare')
  const at = { broker: 'live', address: 'orders' }
  const messages = [{ body: { kind: 'text', text: 'x' } as const }]
  const acts: Act[] = [
    { act: 'send', ...at, messages },
    { act: 'move', from: at, to: { broker: 'spare', address: 'spare' } },
    { act: 'copy', from: { broker: 'spare', address: 'spare' }, to: at },
    { act: 'declare', ...at },
    { act: 'delete-messages', ...at, ids: ['x'] },
  ]
  for (const act of acts) {
    const { status, json } = await console.post('/api/acts', { ...act, confirm: 'spare' })
    expect([act.act, status, json.code, json.confirm]).toEqual([
      act.act,
      409,
      'CONFIRMATION_NEEDED',
      'orders',
    ])
    expect((await console.post('/api/acts', { ...act, confirm: 'orders' })).status).toBe(200)
  }
  expect(
    (await console.post('/api/acts', { act: 'send', broker: 'spare', address: 'spare', messages })).status,
  ).toBe(200)
})

test('a password is compared slowly, more slowly after failures, and lets in who knows it', async () => {
  await using console = await TestConsole.start({
    connections: { it: `memory:${uniqueName()}` },
    password: 'open sesame',
  })
  expect(console.url).not.toContain('token')
  const session = await console.get('/api/session')
  expect([session.status, session.json.login]).toEqual([401, 'password'])
  const login = (password: string) => console.post('/api/login', { password })
  const begun = performance.now()
  expect((await login('wrong')).status).toBe(401)
  expect((await login('wrong again')).status).toBe(401)
  expect((await login('and again')).status).toBe(401)
  // 250 ms after the first, 500 ms after the second.
  expect(performance.now() - begun).toBeGreaterThan(750)
  let refused = 0
  for (let attempt = 0; attempt < 20; attempt++)
    void login('at once').then(
      ({ status }) => {
        if (status === 429) refused += 1
      },
      () => {},
    )
  await eventually(() => refused >= 12)
})

test.each([
  [{}, /no connections/],
  [{ connections: {} }, /no connections/],
  [{ connections: { a: 'memory:' }, host: '0.0.0.0' }, /needs a password/],
  [{ connections: { a: 'memory:' }, host: '192.168.0.1' }, /needs a password/],
  [{ connections: { a: 'memory:' }, port: 70_000 }, /port/],
  [{ connections: { a: 'memory:' }, production: ['b'] }, /'b'/],
  [{ connections: { a: 'memory:' }, password: '' }, /empty/],
  [{ connections: { a: 'memory:' }, password: '\nbehind a line break' }, /empty/],
  [{ connections: { a: 'memory:' }, host: '', password: 'x' }, /host is empty/],
  [{ connections: { a: 'memory:' }, passwordFile: '/dev/null' }, /empty/],
  [{ connections: { a: 'memory:' }, passwordFile: '/nowhere/password' }, /cannot be read/],
  [{ connections: { a: 'memory:' }, writes: true }, /'writes'; did you mean 'write'/],
  [{ connections: { a: 'memory:' }, password: 'x', host: '203.0.113.1' }, /cannot listen/],
])('options %j are refused', async (options, text) => {
  await expect(createConsole(options as never)).rejects.toThrow(text)
  await expect(createConsole(options as never)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('both families of loopback serve the page, and nothing else does', async () => {
  await using console = await TestConsole.start({ connections: { it: `memory:${uniqueName()}` } })
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    const answer = await fetch(`http://${host}:${console.port}/`).catch((error) => error)
    if (host === '[::1]' && answer instanceof Error) continue
    expect(answer.status).toBe(200)
  }
  const { networkInterfaces } = await import('node:os')
  const others = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  for (const { address } of others)
    await expect(fetch(`http://${address}:${console.port}/`)).rejects.toThrow()
})

test('nodes beyond the first page are found by filter, type and order', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  for (let at = 0; at < 30; at++) await broker.admin.declare(queue(`q-${String(at).padStart(2, '0')}`))
  for (let at = 0; at < 3; at++) await broker.send(queue('q-07'), 'x')
  await broker.admin.declare(topic('t-1'))
  await using console = await TestConsole.start({ connections: { it: url } })
  await console.connected('it')
  const names = async (query: string): Promise<[number, string[]]> => {
    const { total, nodes } = await console.got<NodesPage>(`/api/brokers/it/nodes?${query}`)
    return [total, nodes.map(({ name }) => name)]
  }
  expect(await names('limit=2&offset=10')).toEqual([31, ['q-10', 'q-11']])
  expect(await names('filter=q-1*')).toEqual([10, expect.arrayContaining(['q-10', 'q-19'])])
  expect(await names('filter=*-*7')).toEqual([3, ['q-07', 'q-17', 'q-27']])
  expect(await names('type=topic')).toEqual([1, ['t-1']])
  expect(await names('sort=depth&limit=1')).toEqual([31, ['q-07']])
  expect((await console.get('/api/brokers/it/nodes?limit=x')).status).toBe(400)
  expect((await console.get('/api/brokers/it/nodes?sort=__proto__')).status).toBe(400)
})

test.each([
  ['write', 'false'],
  ['bodies', 'false'],
  ['bodies', 0],
  ['password', 5],
  ['production', 'a'],
  ['log', 'stderr'],
  ['connections', ['memory:']],
])('%s: %j is of a wrong type, and opens nothing', async (name, value) => {
  const options = { connections: { a: 'memory:' }, [name]: value }
  await expect(createConsole(options as never)).rejects.toBeInstanceOf(TypeError)
})

test('a log that throws, or rejects, does not end the process: anybody’s request may have a line written', async () => {
  const { url, close } = await createConsole({
    connections: { it: `memory:${uniqueName()}` },
    log: (() => Promise.reject(new Error('the log is full'))) as never,
  })
  const foreign = (log: string): Promise<number> =>
    fetch(new URL('/api/session', log)).then(({ status }) => status)
  expect(await foreign(url)).toBe(403)
  await close()
  const throwing = await createConsole({
    connections: { it: `memory:${uniqueName()}` },
    log: () => {
      throw new Error('the log is full')
    },
  })
  expect(await foreign(throwing.url)).toBe(403)
  await throwing.close()
})
