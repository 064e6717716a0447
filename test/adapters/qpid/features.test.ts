/** What Broker-J does natively, through address strings and builders, and what it refuses. */
import { describe, expect, test } from 'vitest'
import { connect, queue, topic } from '../../../src/index.ts'
import { StructuredBody } from '../../../src/model/message.ts'
import { Fixture, message, range, rejection, send, sendAll, sendOk, texts, url } from './fixture.ts'

const fixture = new Fixture()

describe('a selector', () => {
  test('hands over what fits and leaves the rest; whole numbers compare', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    for (const n of [1, 5, 9]) await sendOk(sender, message(String(n), { properties: { n, kind: 'x' } }))
    const link = { selector: "n > 3 AND kind = 'x'" }
    expect(texts(await fixture.browse(node, { link }))).toEqual(['5', '9'])
    const { inbox, receiver } = await fixture.receiver(node, { link })
    for (const delivery of await inbox.take(2)) receiver.accept(delivery)
    await receiver.close()
    expect(texts(await fixture.browse(node))).toEqual(['1'])
  })

  test('that cannot be read is refused by name', async () => {
    const node = await fixture.node()
    expect(await rejection(fixture.receiver(node, { link: { selector: 'n >' } }))).toMatchObject({
      code: 'ADDRESS_OPTION_INVALID',
    })
  })
})

test('a headers exchange hands over by its bindings', async () => {
  await using connection = await connect(url)
  const [exchange, target] = [fixture.name('headers'), fixture.name()]
  fixture.remove({ name: exchange, type: 'topic' })
  fixture.remove({ name: target, type: 'queue' })
  await using sender = await connection.sender(
    `${exchange}; {create: always, node: {type: topic, x-declare: {type: headers}}}`,
  )
  const binding = `{exchange: '${exchange}', arguments: {x-match: all, region: eu, kind: order}}`
  await using receiver = await connection.receiver(
    `${target}; {create: always, node: {type: queue, x-bindings: [${binding}]}}`,
  )
  await sender.send('no', { properties: { region: 'eu', kind: 'note' } })
  await sender.send('yes', { properties: { region: 'eu', kind: 'order', more: 1 } })
  const delivery = await receiver.receive({ timeoutMs: 5_000 })
  expect(delivery?.body).toBe('yes')
  await delivery!.accept()
  expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
})

describe('a named subscription', () => {
  test('retains while away, shares among its members, and outlives the connection', async () => {
    const news = topic(fixture.name('news'), { delete: 'sender' })
    const kept = news.matching('eu.#').subscription('desk')
    const first = await connect(url)
    await (await first.receiver(kept)).close()
    await first.close()
    await using connection = await connect(url)
    await using sender = await connection.sender(news)
    for (const body of range(10)) await sender.send(body, { subject: 'eu.x' })
    await sender.send('elsewhere', { subject: 'us.x' })
    const members = await Promise.all([
      connection.receiver(kept, { credit: 1 }),
      connection.receiver(kept, { credit: 1 }),
    ])
    const seen: string[] = []
    while (seen.length < 10) {
      for (const member of members) {
        const delivery = await member.receive({ timeoutMs: 200 })
        if (delivery) seen.push(String(delivery.body))
        await delivery?.accept()
      }
    }
    expect(seen.toSorted()).toEqual(range(10))
    for (const member of members) await member.close()
    await connection.admin.delete(kept)
  })

  test('with a life time is refused by name: Broker-J has none', async () => {
    const node = await fixture.node({ type: 'topic' })
    await using connection = await connect(url)
    const text = `${node.name}/#; {link: {name: desk, durable: True, timeout: 5}}`
    const error = await rejection(connection.receiver(text))
    expect(error).toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(error.message).toContain('link: {timeout}')
  })
})

test('the management node gives nothing: a receiver on it could end the broker', async () => {
  await using connection = await connect(url)
  for (const source of [queue('$management'), '$management'])
    await expect(connection.receiver(source)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
})

test('a link without target reaches queues and topics by what each message says', async () => {
  const [one, news] = [await fixture.node(), await fixture.node({ type: 'topic' })]
  const { inbox } = await fixture.receiver(news, { patterns: ['eu.*'] })
  const anonymous = await fixture.sender(undefined)
  await sendOk(anonymous, message('to the queue', { to: one.name }))
  await sendOk(anonymous, message('to the topic', { to: `${news.name}/eu.x` }))
  expect(texts(await fixture.browse(one))).toEqual(['to the queue'])
  expect(texts([await inbox.next()])).toEqual(['to the topic'])
  expect(await send(anonymous, message('nowhere', { to: fixture.name('missing') }))).toMatchObject({
    code: 'SEND_UNROUTABLE',
  })
  await sendOk(anonymous, message('the link lives', { to: one.name }))
})

describe('at most once', () => {
  test('a send is done once written, and arrives', async () => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    const sender = await fixture.sender(node, { reliability: 'at-most-once' })
    let settled = false
    sender.send({
      message: message('quick'),
      resend: false,
      settle: () => {
        settled = true
      },
    })
    expect(settled).toBe(true)
    expect(texts([await inbox.next()])).toEqual(['quick'])
  })

  test('more sends than rhea has places for are kept until there is room', async () => {
    const node = await fixture.node({ durable: false })
    const sender = await fixture.sender(node, { reliability: 'at-most-once', capacity: 100 })
    await Promise.all(range(6_000).map((body) => sendOk(sender, message(body, { durable: false }))))
    const { inbox, receiver } = await fixture.receiver(node, { credit: 1_000 })
    for (let count = 0; count < 6_000; count++) receiver.accept(await inbox.next())
  })

  test('a delivery is gone when it is handed over', async () => {
    await using connection = await connect(url)
    const node = queue(fixture.name(), { delete: 'always' })
    const receiver = await connection.receiver(node, { reliability: 'at-most-once' })
    await using sender = await connection.sender(node)
    await sender.send('once')
    expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('once')
    expect(await connection.admin.inspect(node)).toMatchObject({ depth: 0 })
    await receiver.close()
  })
})

test('a reject is final: the dead letter has reason, count and origin', async () => {
  await using connection = await connect(url)
  const graves = queue(fixture.name('graves'), { delete: 'always' })
  const node = queue(fixture.name(), { deadLetter: graves, delete: 'always' })
  await using dead = await connection.receiver(graves)
  await using receiver = await connection.receiver(node)
  await connection.send(node, 'bad', { properties: { mine: 1 } })
  await (await receiver.receive({ timeoutMs: 5_000 }))!.release()
  await (await receiver.receive({ timeoutMs: 5_000 }))!.reject('no good')
  const letter = await dead.receive({ timeoutMs: 5_000 })
  expect(letter).toMatchObject({
    body: 'bad',
    properties: { mine: 1, 'sluice-reason': 'no good', 'sluice-deliveries': 2, 'sluice-origin': node.name },
  })
  await letter!.accept()
  expect(await receiver.receive({ timeoutMs: 0 })).toBeUndefined()
})

test('a message without subject fits no word; one that came by the key of its address does', async () => {
  const news = await fixture.node({ type: 'topic' })
  const { inbox } = await fixture.receiver(news, { patterns: ['*', 'eu.*'] })
  const { inbox: keyed } = await fixture.receiver(news, { patterns: ['eu.*'] })
  await sendOk(await fixture.sender(news), message('without'))
  await fixture.bareSend(`${news.name}/eu.x`, { body: 'by key' })
  await sendOk(await fixture.sender(news), message('word', { subject: 'word' }))
  expect(texts([await inbox.next()])).toEqual(['word'])
  expect((await keyed.next()).message.body).toEqual(new StructuredBody('by key'))
})

test('a purge beside a receiver leaves what is handed out', async () => {
  const node = await fixture.node()
  await sendAll(await fixture.sender(node), range(30))
  const { inbox, receiver } = await fixture.receiver(node, { credit: 10 })
  const [first] = await inbox.take(10)
  expect(await fixture.connection.purge(node)).toBe(20)
  await receiver.settle(first!, { kind: 'release', delayMs: 0, unseen: false })
  expect(texts([await inbox.next()])).toEqual(['0'])
})
