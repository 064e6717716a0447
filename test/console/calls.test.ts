/** Every call of the console on every broker, seen from beside by a connection of the test's own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  Act,
  ActResult,
  ApiError,
  BrokerView,
  BrowsePage,
  CapabilitiesView,
  ComparePage,
  DeadLettersPage,
  NodeDetail,
  NodesPage,
} from '../../src/console/protocol.ts'
import { type Connection, queue, service, topic } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { uniqueName } from '../support/names.ts'
import { TestConsole } from './client.ts'
import { PLACES, type Place, place } from './places.ts'

describe.each(PLACES)('%s', (kind) => {
  let there: Place
  let broker: Connection
  let console: TestConsole
  /** Looking disturbs there. */
  let disturb: boolean
  beforeAll(async () => {
    there = await place(kind)
    broker = there.connection
    console = await TestConsole.start({ connections: { it: there.options }, write: true })
    await console.connected('it')
    disturb = broker.capabilities.features.browse.level === 'emulated'
  })
  afterAll(async () => {
    await console?.[Symbol.asyncDispose]()
    await there?.[Symbol.asyncDispose]()
  })

  /** A queue with messages `0`, `1` … whose ids are `id-0` … */
  async function filled(count: number, more: object = {}): Promise<string> {
    const name = uniqueName()
    const node = queue<string>(name)
    await broker.admin.declare(node)
    for (let at = 0; at < count; at++)
      await broker.send(node, `body ${at}`, { id: `id-${at}`, subject: at % 2 ? 'odd' : 'even', ...more })
    return name
  }

  /** Bodies that wait, taken. */
  async function rest(name: string): Promise<string[]> {
    const receiver = await broker.receiver(queue<string>(name, { create: 'never' }))
    const bodies: string[] = []
    for (
      let delivery = await receiver.receive({ timeoutMs: 0 });
      delivery;
      delivery = await receiver.receive({ timeoutMs: 0 })
    ) {
      bodies.push(delivery.body)
      await delivery.accept()
    }
    await receiver.close()
    return bodies
  }

  const browse = (name: string, more: object = {}): Promise<BrowsePage> =>
    console.posted('/api/brokers/it/browse', { address: name, disturb, ...more })

  const node = (name: string): { broker: string; address: string } => ({ broker: 'it', address: name })

  test('the broker is shown with product, state, tiers and latency, without its password', async () => {
    const [view] = await eventually(async () => {
      const views = await console.got<BrokerView[]>('/api/brokers')
      return views[0]?.latencyMs !== undefined ? views : undefined
    })
    expect(view).toMatchObject({ name: 'it', adapter: broker.adapter, state: 'connected', production: false })
    expect(view!.product).toContain(broker.broker!.product)
    expect(view!.tiers).toHaveLength(3)
    expect(view!.latencyMs).toBeGreaterThan(0)
  })

  test('capabilities come with their reasons', async () => {
    const { features, limits } = await console.got<CapabilitiesView>('/api/brokers/it/capabilities')
    for (const { feature, level, reason } of features) {
      expect(level).toBe(broker.capabilities.features[feature as 'browse'].level)
      if (level === 'unsupported') expect(reason).toBeTruthy()
    }
    expect(limits.maxBodyBytes).toBeDefined()
  })

  test('a node is found by its name, with depth and receivers, and looked at', async () => {
    const name = await filled(3)
    const page = await eventually(
      async () => {
        const found = await console.got<NodesPage>(`/api/brokers/it/nodes?filter=${name}`)
        // The statistics of some brokers come a little later.
        const [node] = found.nodes
        return node?.depth === 3 && node.receivers !== undefined ? found : undefined
      },
      { timeoutMs: 15_000 },
    )
    expect(page).toMatchObject({
      total: 1,
      nodes: [{ broker: 'it', name, type: 'queue', depth: 3, receivers: 0 }],
    })
    const detail = await console.got<NodeDetail>(
      `/api/brokers/it/nodes/${encodeURIComponent(page.nodes[0]!.address)}`,
    )
    expect(detail).toMatchObject({
      name,
      depth: 3,
      browse: { level: broker.capabilities.features.browse.level },
    })
    const none = await console.get(`/api/brokers/it/nodes/${uniqueName()}`)
    expect([none.status, none.json.code]).toEqual([404, 'ADDRESS_NOT_FOUND'])
  })

  test('a queue is browsed page by page, searched, and its bodies are downloaded', async () => {
    const name = await filled(7)
    const first = await browse(name, { limit: 3 })
    expect(first.messages.map(({ id, position }) => [id, position])).toEqual([
      ['id-0', 0],
      ['id-1', 1],
      ['id-2', 2],
    ])
    expect(first.next).toBe(3)
    const last = await browse(name, { skip: 6, limit: 3 })
    expect(last.messages.map(({ body }) => body.text)).toEqual(['body 6'])
    expect(last.next).toBeUndefined()
    const odd = await browse(name, { where: 'M.subject = "odd" and not "body 3"' })
    expect(odd.messages.map(({ id }) => id)).toEqual(['id-1', 'id-5'])
    expect(odd.looked).toBe(7)
    const body = await console.post('/api/brokers/it/body', {
      address: name,
      position: 5,
      id: 'id-5',
      disturb,
    })
    expect(body.text).toBe('body 5')
    expect(body.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="message.bin"',
    })
    const gone = await console.post('/api/brokers/it/body', {
      address: name,
      position: 5,
      id: 'other',
      disturb,
    })
    expect(gone.status).toBe(404)
    expect(await rest(name)).toEqual(['0', '1', '2', '3', '4', '5', '6'].map((at) => `body ${at}`))
  })

  test('browsing leaves order, count, delivery counts and marks as they were, where the broker can', async () => {
    const name = await filled(20)
    if (disturb) {
      const refused = await console.post('/api/brokers/it/browse', { address: name })
      expect([refused.status, refused.json.code]).toEqual([409, 'CONFIRMATION_NEEDED'])
      expect(refused.json.message).toContain(broker.capabilities.features.browse.note)
    }
    if (!disturb) for (let look = 0; look < 3; look++) await browse(name, { skip: look, limit: 10 })
    await using receiver = await broker.receiver(queue<string>(name))
    for (let at = 0; at < 20; at++) {
      const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
      expect([delivery.body, delivery.redelivered, delivery.deliveryCount]).toEqual([`body ${at}`, false, 1])
      await delivery.accept()
    }
    expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
  })

  test('messages are sent with their fields, and the answer names the command line', async () => {
    const name = await filled(0)
    const fields = {
      id: 'own',
      subject: "it's",
      properties: {
        n: 1,
        big: { '@bigint': '9007199254740993' },
        at: { '@date': '2026-01-02T03:04:05.000Z' },
      },
    }
    const { done, command } = await console.done({
      act: 'send',
      ...node(name),
      messages: [{ body: { kind: 'json', text: '{"n":12345678901234567890}' }, fields }],
    })
    expect(done).toMatchObject({ count: 1, ids: ['own'] })
    expect(command).toContain('spout -b it ')
    await using receiver = await broker.receiver(queue(name))
    const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
    expect(Buffer.from(delivery.bytes).toString()).toBe('{"n":12345678901234567890}')
    expect(delivery).toMatchObject({ id: 'own', subject: "it's", contentType: 'application/json' })
    expect({ ...delivery.properties }).toEqual({
      n: 1,
      big: 9007199254740993n,
      at: new Date('2026-01-02T03:04:05Z'),
    })
    await delivery.accept()
  })

  test('a service is asked, and its answer is shown', async () => {
    const name = uniqueName()
    await using _ = await broker.respond(service<string, string>(name), ({ body }) => body.toUpperCase())
    const { done } = await console.done({
      act: 'request',
      ...node(name),
      message: { body: { kind: 'text', text: 'hello' } },
    })
    expect(done?.answer?.body).toMatchObject({ kind: 'text', text: 'HELLO' })
  })

  test('all messages are moved, chosen ones by id or by a condition, and others stay in order', async () => {
    const [from, to] = [await filled(10), await filled(0)]
    const byId = await console.done({ act: 'move', from: node(from), to: node(to), ids: ['id-3', 'id-7'] })
    expect(byId.done?.text ?? byId.task?.text).toContain('2 moved')
    expect(await rest(to)).toEqual(['body 3', 'body 7'])
    await console.done({
      act: 'move',
      from: node(from),
      to: node(to),
      where: 'M.id = "id-0" or C ~ "body 9"',
    })
    expect(await rest(to)).toEqual(['body 0', 'body 9'])
    await console.done({ act: 'move', from: node(from), to: node(to), limit: 2 })
    const { task, done } = await console.done({ act: 'move', from: node(from), to: node(to) })
    expect(task?.state ?? 'done', JSON.stringify(task)).toBe('done')
    expect(done?.count ?? task?.count).toBe(4)
    const moved = await rest(to)
    expect(moved.toSorted()).toEqual(['1', '2', '4', '5', '6', '8'].map((at) => `body ${at}`))
    if (broker.capabilities.features.orderedRelease.level === 'native')
      expect(moved).toEqual(moved.toSorted())
    expect(await rest(from)).toEqual([])
  })

  test('messages are copied, and the source keeps them', async () => {
    const [from, to] = [await filled(5), await filled(0)]
    const { done, task } = await console.done({
      act: 'copy',
      from: node(from),
      to: node(to),
      ids: ['id-1', 'id-4'],
      disturb,
    })
    expect(done?.count ?? task?.count).toBe(2)
    expect(await rest(to)).toEqual(['body 1', 'body 4'])
    expect(await rest(from)).toHaveLength(5)
  })

  test('chosen messages are deleted, the others stay', async () => {
    const name = await filled(6)
    const { done, task, command } = await console.done({
      act: 'delete-messages',
      ...node(name),
      ids: ['id-2', 'id-5'],
    })
    expect(done?.count ?? task?.count).toBe(2)
    expect(command).toBe(`sluice purge -b it --id id-2 --id id-5 ${name}`)
    expect((await rest(name)).toSorted()).toEqual(['body 0', 'body 1', 'body 3', 'body 4'])
  })

  test('two nodes are compared by id, then by body', async () => {
    const [left, right] = [await filled(4), await filled(3)]
    await broker.send(queue(right), 'another body', { id: 'id-3', subject: 'odd' })
    await broker.send(queue(right), 'only right', { id: 'right' })
    await broker.send(queue(left), 'same body', { id: 'a' })
    await broker.send(queue(right), 'same body', { id: 'b' })
    const page = await console.posted<ComparePage>('/api/compare', {
      left: node(left),
      right: node(right),
      disturb,
    })
    expect(page).toMatchObject({ same: 4, counts: { onlyLeft: 0, onlyRight: 1, different: 1 }, cut: false })
    expect(page.onlyRight.map(({ id }) => id)).toEqual(['right'])
    expect(page.different[0]).toMatchObject({ left: { id: 'id-3' }, right: { id: 'id-3' }, fields: ['body'] })
  })

  test('dead letters are grouped, and those of one reason go back, after a dry run', async () => {
    const dead = uniqueName()
    const jobs = queue<string>(uniqueName(), { deadLetter: queue(dead) })
    await broker.admin.declare(queue(dead))
    await broker.admin.declare(jobs)
    await using receiver = await broker.receiver(jobs)
    for (let at = 0; at < 6; at++) {
      await broker.send(jobs, `job ${at}`)
      await (await receiver.receive({ timeoutMs: 5_000 }))!.reject(at % 3 === 0 ? 'no stock' : 'no money')
    }
    await receiver.close()
    const { groups } = await eventually(async () => {
      const page = await console.posted<DeadLettersPage>('/api/brokers/it/dead-letters', {
        address: dead,
        disturb,
      })
      return page.looked === 6 ? page : undefined
    })
    expect(groups.map(({ reason, count }) => [reason, count])).toEqual([
      ['no money', 4],
      ['no stock', 2],
    ])
    const act: Act = { act: 'replay', ...node(dead), reason: 'no stock', disturb }
    const dry = await console.done({ ...act, dryRun: true })
    expect(dry.done?.text ?? dry.task?.text).toContain('2 would go back: 2 × no stock')
    const wet = await console.done(act)
    expect(wet.done?.text ?? wet.task?.text).toBe('2 replayed')
    expect(await rest(jobs.name)).toEqual(['job 0', 'job 3'])
    expect(await rest(dead)).toHaveLength(4)
  })

  test('nodes are made, bound, emptied and deleted, and what changes much wants the name', async () => {
    const [from, to] = [uniqueName(), uniqueName()]
    await console.done({ act: 'declare', ...node(`${from}; {create: always, node: {type: topic}}`) })
    await console.done({ act: 'declare', ...node(to) })
    if (broker.capabilities.features.bindings.level !== 'unsupported') {
      await console.done({ act: 'bind', ...node(from), to, pattern: 'us.#' })
      await broker.send(topic(from, { create: 'never' }), 'bound', { subject: 'us.news' })
      await broker.send(topic(from, { create: 'never' }), 'elsewhere', { subject: 'uk.news' })
    } else await broker.send(queue(to), 'bound')
    await eventually(async () => (await broker.admin.inspect(queue(to)))?.depth === 1)
    for (const act of ['purge', 'delete'] as const)
      for (const confirm of [undefined, '', to.toUpperCase(), from]) {
        const { status, json } = await console.post('/api/acts', { act, ...node(to), confirm })
        expect([status, (json as ApiError).code]).toEqual([409, 'CONFIRMATION_NEEDED'])
      }
    expect((await console.done({ act: 'purge', ...node(to), confirm: to })).done).toMatchObject({ count: 1 })
    await console.done({ act: 'delete', ...node(to), confirm: to })
    expect(await broker.admin.inspect(queue(to))).toBeUndefined()
    await console.done({ act: 'delete', ...node(from), confirm: from })
  })

  test('a topic is tapped, with a condition', async () => {
    const name = uniqueName()
    await broker.admin.declare(topic(name))
    await using stream = await console.stream()
    expect((await stream.watch({ tap: { ...node(name), where: 'M.subject ~ "us."' } })).status).toBe(204)
    await eventually(async () => {
      await broker.send(topic(name), 'no', { subject: 'uk.news' }).catch(() => {})
      await broker.send(topic(name), 'yes', { subject: 'us.news' }).catch(() => {})
      return stream.events.some(({ event }) => event === 'tap')
    })
    const { messages } = await stream.first('tap')
    expect(new Set(messages.map(({ body }) => body.text))).toEqual(new Set(['yes']))
    await broker.admin.delete(topic(name))
  })

  test('a queue is followed where the broker can, and refused where it cannot', async () => {
    const name = await filled(1)
    await using stream = await console.stream()
    await stream.watch({ tap: node(name) })
    if (broker.capabilities.features.browseFollow.level === 'native') {
      await stream.first('tap', ({ messages }) => messages[0]?.id === 'id-0')
      await broker.send(queue(name), 'new', { id: 'new' })
      await stream.first('tap', ({ messages }) => messages.some(({ id }) => id === 'new'))
    } else {
      const { error } = await stream.first('tap-ended')
      expect(error?.code).toBe('NOT_SUPPORTED')
    }
    expect(await rest(name)).toContain('body 0')
  })

  test('what the page watches is told again', async () => {
    const name = await filled(2)
    await using stream = await console.stream()
    expect((await stream.first('brokers')).brokers[0]).toMatchObject({ name: 'it', state: 'connected' })
    await stream.watch({ nodes: [{ broker: 'it', filter: name }] })
    const { nodes } = await stream.first('nodes', (event) => event.nodes[0]?.depth === 2)
    expect(nodes[0]!.history).toHaveLength(1)
    await broker.send(queue(name), 'third')
    await stream.first('nodes', (event) => event.nodes[0]?.depth === 3 && event.nodes[0].rate! > 0)
  })

  test('a node that is missing, and an address that is none, are told', async () => {
    const none = await console.post('/api/brokers/it/browse', { address: uniqueName(), disturb })
    expect([none.status, none.json.code]).toEqual([404, 'ADDRESS_NOT_FOUND'])
    const wrong = await console.post('/api/brokers/it/browse', { address: 'a; {', disturb })
    expect([wrong.status, wrong.json.code]).toEqual([400, 'ADDRESS_MALFORMED'])
    const answer = await console.post('/api/acts', {
      act: 'send',
      ...node('x'),
      messages: [{ body: { kind: 'json', text: '{' } }],
    })
    expect([answer.status, (answer.json as ActResult & ApiError).code]).toEqual([400, 'REQUEST_INVALID'])
  })
})
