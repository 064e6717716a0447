/** Large things stay small: many nodes, long queues, large bodies, busy topics; and brokers that are slow or away hold up nothing else. */
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type {
  BrokerView,
  BrowsePage,
  ComparePage,
  NodeDetail,
  NodesPage,
  StreamEvent,
} from '../../src/console/protocol.ts'
import { connect, createHub, queue, topic } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { uniqueName } from '../support/names.ts'
import { TestConsole } from './client.ts'

test('of 10,000 nodes a page holds its window, in every answer and every event', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  for (let at = 0; at < 10_000; at++) await broker.admin.declare(queue(`node-${String(at).padStart(5, '0')}`))
  await using console = await TestConsole.start({ connections: { it: url } })
  await console.connected('it')
  const { text, json } = await console.get('/api/brokers/it/nodes?limit=50&offset=9975')
  expect((json as NodesPage).total).toBe(10_000)
  expect((json as NodesPage).nodes).toHaveLength(25)
  expect(text.length).toBeLessThan(20_000)
  await using stream = await console.stream()
  await stream.watch({ nodes: [{ broker: 'it', filter: '99', limit: 10 }] })
  const event = await stream.first('nodes')
  expect(event.total).toBe(
    Array.from({ length: 10_000 }, (_, at) => String(at).padStart(5, '0')).filter((digits) =>
      digits.includes('99'),
    ).length,
  )
  expect(event.nodes).toHaveLength(10)
  expect(JSON.stringify(event).length).toBeLessThan(5_000)
  const begun = performance.now()
  for (let at = 0; at < 10; at++) await console.got(`/api/brokers/it/nodes?sort=depth&filter=node-0${at}*`)
  expect(performance.now() - begun).toBeLessThan(5_000)
}, 60_000)

test('a long queue is seen page by page, and no page holds it open', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  await using sender = await broker.sender(queue<number>('long'))
  for (let at = 0; at < 100_000; at += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, offset) => sender.send(at + offset)))
  await using console = await TestConsole.start({ connections: { it: url } })
  await console.connected('it')
  const page = await console.posted<BrowsePage>('/api/brokers/it/browse', {
    address: 'long',
    skip: 90_000,
    limit: 500,
  })
  expect(page.messages).toHaveLength(500)
  expect(page.messages[0]).toMatchObject({ position: 90_000, body: { text: '90000' } })
  expect(page.next).toBe(90_500)
  const found = await console.posted<BrowsePage>('/api/brokers/it/browse', {
    address: 'long',
    where: 'C = 99999',
  })
  expect(found.messages.map(({ position }) => position)).toEqual([99_999])
  const compared = await console.posted<ComparePage>('/api/compare', {
    left: { broker: 'it', address: 'long' },
    right: { broker: 'it', address: 'long' },
  })
  expect(compared).toMatchObject({ same: 100_000, cut: false })
  await eventually(async () => {
    const { native } = await console.got<NodeDetail>('/api/brokers/it/nodes/long')
    return native.browsers === 0
  })
}, 60_000)

test('a caller that goes away ends its look', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  await using sender = await broker.sender(queue<number>('long'))
  for (let at = 0; at < 50_000; at += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, offset) => sender.send(at + offset)))
  await using console = await TestConsole.start({ connections: { it: url } })
  await console.connected('it')
  const gone = new AbortController()
  const look = fetch(`${console.origin}/api/brokers/it/browse`, {
    method: 'POST',
    headers: { ...(console.own as Record<string, string>), 'content-type': 'application/json' },
    body: JSON.stringify({ address: 'long', skip: 1_000_000 }),
    signal: gone.signal,
  })
  const browsers = async (): Promise<unknown> => (await broker.admin.inspect(queue('long')))!.details.browsers
  await eventually(async () => (await browsers()) === 1, { intervalMs: 1 })
  gone.abort()
  await expect(look).rejects.toThrow()
  await eventually(async () => (await browsers()) === 0)
})

test('of a body of 16 MB the first part is shown; the download is whole', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  const body = `ä${'0123456789abcdef'.repeat(1024 * 1024)}`
  await broker.send(queue('large'), body)
  const bytes = Buffer.alloc(16 * 1024 * 1024, 0xfe)
  await broker.send(queue('large'), bytes)
  await using console = await TestConsole.start({ connections: { it: url } })
  await console.connected('it')
  const { messages } = await console.posted<BrowsePage>('/api/brokers/it/browse', { address: 'large' })
  expect(messages[0]!.body).toMatchObject({ kind: 'text', truncated: true, bytes: Buffer.byteLength(body) })
  expect(Buffer.byteLength(messages[0]!.body.text)).toBeLessThanOrEqual(64 * 1024)
  expect(body.startsWith(messages[0]!.body.text)).toBe(true)
  expect(messages[1]!.body).toMatchObject({ kind: 'binary', truncated: true, bytes: bytes.byteLength })
  for (const [position, whole] of [Buffer.from(body), bytes].entries()) {
    const download = await console.post('/api/brokers/it/body', { address: 'large', position })
    expect(download.bytes.equals(whole)).toBe(true)
    expect(download.headers['content-type']).toBe('application/octet-stream')
  }
}, 60_000)

test('a page of large bodies is bounded as a whole', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  for (let at = 0; at < 300; at++)
    await broker.send(queue('many'), 'x'.repeat(100_000), { properties: { p: 'y'.repeat(50_000) } })
  await using console = await TestConsole.start({ connections: { it: url } })
  await console.connected('it')
  const { text, json } = await console.post('/api/brokers/it/browse', { address: 'many', limit: 500 })
  expect((json as BrowsePage).messages).toHaveLength(300)
  expect(text.length).toBeLessThan(8 * 1024 * 1024)
})

test('a busy topic: the tap shows some, and says how many it left out; a tab that does not read holds up nobody', async () => {
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  await broker.admin.declare(topic('busy'))
  await using console = await TestConsole.start({ connections: { it: url } })
  await console.connected('it')
  await using stream = await console.stream()
  await using stuck = await console.stream()
  for (const each of [stream, stuck]) await each.watch({ tap: { broker: 'it', address: 'busy' } })
  await eventually(async () => (await broker.admin.inspect(topic('busy')))!.receivers === 2)
  stuck.response.pause()
  await using sender = await broker.sender(topic<string>('busy'))
  const COUNT = 20_000
  for (let at = 0; at < COUNT; at += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, offset) =>
        sender.send(`${at + offset} ${'x'.repeat(500)}`, { subject: 's' }),
      ),
    )
  const taps = (): Extract<StreamEvent, { event: 'tap' }>[] =>
    stream.events.filter((event) => event.event === 'tap')
  const sum = (): [number, number] => [
    taps().reduce((total, { messages }) => total + messages.length, 0),
    taps().reduce((total, { leftOut }) => total + leftOut, 0),
  ]
  await eventually(() => sum()[0] + sum()[1] === COUNT, { timeoutMs: 30_000 })
  expect(sum()[0]).toBeGreaterThan(0)
  expect(sum()[1]).toBeGreaterThan(0)
  for (const { messages } of taps()) expect(messages.length).toBeLessThanOrEqual(50)
}, 60_000)

test('a broker that is away, and one that accepts and says nothing, hold up nothing else; one that comes is seen', async () => {
  const port = await freePorts(2)
  const silent = createServer(() => {}).listen(port + 1, '127.0.0.1')
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  await broker.send(queue('orders'), 'x')
  await using console = await TestConsole.start({
    connections: { it: url, silent: `redis://127.0.0.1:${port + 1}`, away: `zmq://127.0.0.1:${port}` },
  })
  await console.connected('it')
  const begun = performance.now()
  for (let look = 0; look < 20; look++) {
    await console.posted('/api/brokers/it/browse', { address: 'orders' })
    await console.got('/api/brokers/it/nodes')
    for (const name of ['silent', 'away']) {
      const { status, json } = await console.get(`/api/brokers/${name}/nodes`)
      expect([status, json.code]).toEqual([503, 'CONNECTION_LOST'])
    }
  }
  expect(performance.now() - begun).toBeLessThan(10_000)
  await using stream = await console.stream()
  await stream.watch({ nodes: ['it', 'silent', 'away'].map((name) => ({ broker: name })) })
  await stream.first('nodes', (event) => event.broker === 'it')
  const state = (event: { readonly brokers: readonly BrokerView[] }): string =>
    event.brokers.find(({ name }) => name === 'away')!.state
  await stream.first('brokers', (event) => state(event) === 'failed')
  const hub = await createHub({ listen: [`tcp://127.0.0.1:${port}`] })
  await stream.first('brokers', (event) => state(event) === 'connected')
  await stream.first('nodes', (event) => event.broker === 'away')
  await hub.close()
  await stream.first('brokers', (event) => state(event) === 'reconnecting')
  silent.close()
}, 60_000)

test('memory stays flat under clicking', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const url = `memory:${uniqueName()}`
  await using broker = await connect(url)
  for (let at = 0; at < 200; at++) await broker.send(queue('orders'), { at, text: 'x'.repeat(2_000) })
  await broker.admin.declare(queue('other'))
  await broker.admin.declare(topic('news'))
  await using console = await TestConsole.start({ connections: { it: url }, write: true })
  await console.connected('it')
  const at = { broker: 'it', address: 'orders' }
  const to = { broker: 'it', address: 'other' }
  const clicks = async (count: number): Promise<number> => {
    for (let click = 0; click < count; click++) {
      await console.posted('/api/brokers/it/browse', { address: 'orders' })
      await console.got('/api/brokers/it/nodes')
      await console.got('/api/brokers/it/nodes/orders')
      await console.posted('/api/compare', { left: at, right: to })
      await console.done({ act: 'move', from: at, to, limit: 5 })
      await console.done({ act: 'move', from: to, to: at })
      await console.done({
        act: 'send',
        broker: 'it',
        address: 'news',
        messages: [{ body: { kind: 'text', text: 'x' } }],
      })
      await using stream = await console.stream()
      await stream.watch({ nodes: [{ broker: 'it' }], tap: { broker: 'it', address: 'news' } })
      await stream.first('hello')
    }
    console.log.length = 0
    await new Promise((resolve) => setImmediate(resolve))
    gc()
    return process.memoryUsage().heapUsed
  }
  await clicks(60)
  const before = await clicks(20)
  const after = await clicks(100)
  expect(after - before).toBeLessThan(3 * 1024 * 1024)
}, 120_000)
