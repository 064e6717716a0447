/** Walks through the page on real brokers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHub } from '../../../src/hub.ts'
import { type Connection, connect, queue, service, topic } from '../../../src/index.ts'
import { brokerUrl, isLeftOut } from '../../support/brokers.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'
import { launch, Walk } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-console-'))
const urls: Record<string, string> = {
  memory: `memory:${uniqueName()}`,
  file: `file:${join(folder, 'store')}`,
}
for (const name of ['redis', 'rabbitmq', 'qpid'] as const) if (!isLeftOut(name)) urls[name] = ''
const BROKERS = [...Object.keys(urls), 'hub']

let browser: Browser
let walk: Walk
let hub: Awaited<ReturnType<typeof createHub>>
const connections = new Map<string, Connection>()
const names: string[] = []

/** A name that goes with its node at the end. */
function named(prefix: string): string {
  const name = uniqueName(prefix)
  names.push(name)
  return name
}

const of = (broker: string): Connection => connections.get(broker)!

/** Depth of a queue, by the library. */
async function depth(broker: string, name: string): Promise<number | undefined> {
  return (await of(broker).admin.inspect(queue(name, { create: 'never' })))?.depth
}

async function fill(broker: string, name: string, count: number): Promise<void> {
  await using sender = await of(broker).sender(queue(name))
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      sender.send(
        { number: index, text: index === 7 ? 'the seventh' : 'one of many' },
        { id: `${name}-${index}`, subject: `order.${index % 3}`, properties: { index } },
      ),
    ),
  )
}

beforeAll(async () => {
  hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  urls.hub = hub.urls[0]!.replace(/^tcp:/, 'zmq:')
  for (const name of ['redis', 'rabbitmq', 'qpid'] as const) if (name in urls) urls[name] = brokerUrl(name)
  browser = await launch()
  // The console has the file for itself, so its messages come through the page's own process as well.
  for (const [name, url] of Object.entries(urls)) connections.set(name, await connect(url))
  walk = await Walk.begin(browser, { connections: urls, write: true })
}, 120_000)

afterAll(async () => {
  for (const connection of connections.values()) {
    for (const name of names) await connection.admin.delete(queue(name, { create: 'never' })).catch(() => {})
    await connection.close()
  }
  await walk?.[Symbol.asyncDispose]()
  await browser?.close()
  await hub?.close()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

/** Looks where looking disturbs: the warning comes first, and nothing before the answer. */
async function lookAnyway(): Promise<void> {
  await walk.dialog.getByText(/Looking disturbs/).waitFor()
  await walk.dialog.getByRole('button', { name: 'Look anyway' }).click()
}

describe.each(BROKERS)('on %s', (broker) => {
  const disturbs = broker === 'rabbitmq'

  it('a node is found, its messages are looked at in order, searched, and one is opened', async () => {
    const name = named('walk-orders')
    await fill(broker, name, 60)
    await walk.find(name, broker)
    if (disturbs) {
      await walk.page.getByText('Looking disturbs this queue').waitFor()
      expect(await walk.rows.count()).toBe(0)
      await walk.button('Look at the messages').click()
      await lookAnyway()
    }
    await walk.rows.nth(49).waitFor()
    expect(await walk.rows.count()).toBe(50)
    const ids = await walk.page.locator('table.messages .row-open').allTextContents()
    expect(ids).toEqual(Array.from({ length: 50 }, (_, index) => `${name}-${index}`))

    await walk.page.keyboard.press('/')
    await walk.page.keyboard.type('the seventh')
    await walk.page.keyboard.press('Enter')
    if (disturbs) await lookAnyway()
    await walk.page.getByText(/1 found in/).waitFor()
    expect(await walk.rows.count()).toBe(1)

    await walk.page.keyboard.press('Escape')
    await walk.page.keyboard.press('Escape')
    await walk.page.keyboard.press('j')
    const detail = walk.page.getByRole('article', { name: 'Message' })
    await detail.getByText('"the seventh"').waitFor()
    expect(await detail.getByRole('region', { name: 'Properties' }).textContent()).toContain('index7')
    await walk.page.keyboard.press('Escape')
    await detail.waitFor({ state: 'detached' })
    // Looking took nothing.
    expect(await depth(broker, name)).toBe(60)
  })

  it('a topic is tapped, paused, and gone on with', async () => {
    const name = named('walk-news')
    await of(broker).admin.declare(topic(name))
    await walk.go(`#/node/${broker}/${encodeURIComponent(name)}/tap`)
    await walk.page.getByText('Listening').waitFor()
    await eventually(
      async () => {
        await of(broker).send(topic(name), { text: 'good news' }, { subject: 'us.weather' })
        return (await walk.rows.count()) > 0
      },
      { timeoutMs: 10_000, intervalMs: 200 },
    )
    expect(await walk.rows.first().textContent()).toContain('us.weather')
    await walk.button('Pause').click()
    const shown = await walk.rows.count()
    await eventually(
      async () => {
        await of(broker).send(topic(name), { text: 'more news' })
        return walk.page.getByText(/passed while paused/).isVisible()
      },
      { timeoutMs: 10_000, intervalMs: 200 },
    )
    expect(await walk.rows.count()).toBe(shown)
    await walk.page.keyboard.press('p')
    await eventually(
      async () => {
        await of(broker).send(topic(name), { text: 'last news' })
        return (await walk.rows.count()) > shown
      },
      { timeoutMs: 10_000, intervalMs: 200 },
    )
  })

  it('a queue is purged after its name was typed, and not before', async () => {
    const name = named('walk-purge')
    await fill(broker, name, 5)
    await walk.find(name, broker)
    await walk.button('Purge').click()
    const go = walk.dialog.getByRole('button', { name: 'Go on' })
    await walk.dialog.getByRole('textbox').fill(name.slice(1))
    await go.click({ force: true })
    expect(await walk.dialog.isVisible()).toBe(true)
    expect(await depth(broker, name)).toBe(5)
    await walk.dialog.getByRole('textbox').fill(name)
    await go.click()
    await eventually(async () => (await depth(broker, name)) === 0)
    await eventually(() => walk.log.some((line) => line.includes('act=purge') && line.includes(name)))
  })
})

it('a queue is followed: what arrives is shown, and stays', async () => {
  const name = named('walk-follow')
  await fill('memory', name, 2)
  await walk.find(name, 'memory')
  await walk.button('Follow').click()
  await walk.page.getByText('live', { exact: true }).waitFor()
  await eventually(
    async () => {
      await of('memory').send(queue(name), { text: 'arrived' })
      return walk.page.locator('table.messages').getByText('arrived').first().isVisible()
    },
    { timeoutMs: 10_000, intervalMs: 200 },
  )
  await walk.button('Pages').click()
  await walk.button('Follow').waitFor()
  expect(await depth('memory', name)).toBeGreaterThan(2)
})

it('a message is sent from the template of another, kept and used again', async () => {
  const name = named('walk-template')
  await of('memory').send(
    queue(name),
    { total: 1 },
    { subject: 'order.created', priority: 7, properties: { region: 'eu' } },
  )
  await walk.find(name, 'memory')
  await walk.rows.first().click()
  await walk.button('Use as template').click()
  await walk.page.getByRole('heading', { name: 'Send', level: 1 }).waitFor()
  expect(await walk.page.getByLabel('Subject').inputValue()).toBe('order.created')
  await walk.page.getByLabel('Body', { exact: true }).fill('{"total":2}')
  await walk.page.getByLabel('Name of the template').fill('two')
  await walk.button('Keep').click()
  await walk.page.getByLabel('Body', { exact: true }).fill('{"total":3}')
  await walk.page.getByRole('button', { name: 'two', exact: true }).click()
  expect(await walk.page.getByLabel('Body', { exact: true }).inputValue()).toBe('{"total":2}')
  await walk.page.getByLabel('To: broker').selectOption('hub')
  await walk.page.getByLabel('Make the queue when it is missing').check()
  await walk.button('Send').click()
  await walk.page.getByText(/spout -b hub/).waitFor()
  await using receiver = await of('hub').receiver(queue(name))
  const delivery = await receiver.receive({ timeoutMs: 5000 })
  expect(delivery).toMatchObject({
    body: { total: 2 },
    subject: 'order.created',
    priority: 7,
    properties: { region: 'eu' },
  })
  await delivery!.accept()
})

it('what can be taken back is: a template that was forgotten, chosen messages that were moved', async () => {
  const name = named('walk-undo')
  const other = named('walk-undo-there')
  await fill('memory', name, 3)
  await walk.go(`#/send?broker=memory&address=${name}`)
  await walk.page.getByLabel('Body', { exact: true }).fill('{"kept":true}')
  await walk.page.getByLabel('Name of the template').fill(name)
  await walk.button('Keep').click()
  const template = walk.page.getByRole('button', { name, exact: true })
  await walk.page.getByRole('button', { name: `Forget the template ${name}` }).click()
  await template.waitFor({ state: 'detached' })
  await walk.button('Undo').click()
  await template.waitFor()

  await walk.find(name, 'memory')
  await walk.rows.first().waitFor()
  for (const at of [0, 1]) await walk.rows.nth(at).getByRole('checkbox').check()
  const acts = walk.page.getByRole('group', { name: 'Chosen messages' })
  await acts.getByRole('button', { name: 'Copy or move' }).click()
  await walk.dialog.getByText('Move:').click()
  await walk.dialog.getByLabel('To: broker').selectOption('file')
  await walk.dialog.getByLabel('To: address').fill(other)
  await walk.dialog.getByLabel('Make the queue when it is missing').check()
  await walk.dialog.getByRole('button', { name: 'Move', exact: true }).click()
  await walk.button('Move back').waitFor()
  expect([await depth('memory', name), await depth('file', other)]).toEqual([1, 2])
  await walk.button('Move back').click()
  await eventually(async () => (await depth('memory', name)) === 3 && (await depth('file', other)) === 0)
})

it('a service is asked, and its answer shown', async () => {
  const name = named('walk-service')
  await using _responder = await of('memory').respond(service(name), async () => ({ price: 42 }))
  await walk.go(`#/request?broker=memory&address=${name}`)
  await walk.page.getByLabel('Body', { exact: true }).fill('{"item":7}')
  await walk.button('Ask').click()
  const answer = walk.page.getByRole('complementary', { name: 'Answer' })
  await answer.getByText('42', { exact: true }).waitFor()
})

it.skipIf(isLeftOut('redis') || isLeftOut('qpid'))('two queues on two brokers are compared', async () => {
  const name = named('walk-compare')
  await fill('redis', name, 20)
  await fill('qpid', name, 18)
  await of('qpid').send(queue(name), 'only there', { id: `${name}-there` })
  await walk.go(`#/compare?lb=redis&la=${name}&rb=qpid&ra=${name}`)
  await walk.page.locator('form').getByRole('button', { name: 'Compare' }).click()
  const tile = (text: RegExp) =>
    walk.page.getByRole('group', { name: 'Outcome' }).getByRole('button', { name: text })
  await tile(/only left/).waitFor()
  expect(await tile(/only left/).textContent()).toMatch(/^2/)
  expect(await tile(/only right/).textContent()).toMatch(/^1/)
  expect(await tile(/different/).textContent()).toMatch(/^0/)
  expect(await walk.rows.count()).toBe(2)
  await tile(/only right/).click()
  expect(await walk.rows.first().textContent()).toContain(`${name}-there`)
})

it('dead letters of one reason are replayed to where they came from, after a dry run that changes nothing', async () => {
  const name = named('walk-origin')
  const dead = named('walk-dead')
  const source = queue(name, { deadLetter: dead })
  const connection = of('file')
  await connection.admin.declare(source)
  await using sender = await connection.sender(source)
  for (let index = 0; index < 9; index++) await sender.send({ index })
  {
    await using receiver = await connection.receiver(source)
    for (let index = 0; index < 9; index++) {
      const delivery = await receiver.receive({ timeoutMs: 5000 })
      await delivery!.reject(index % 3 === 0 ? 'card declined' : 'address unknown')
    }
  }
  await walk.go(`#/node/file/${dead}/dead-letters`)
  const row = walk.page.getByRole('row', { name: /card declined/ })
  expect(await row.textContent()).toContain(name)
  await row.getByRole('button', { name: 'Replay' }).click()
  await walk.dialog.getByRole('button', { name: 'Dry run' }).click()
  await walk.dialog.getByText(/sluice replay/).waitFor()
  expect([await depth('file', name), await depth('file', dead)]).toEqual([0, 9])
  await walk.dialog.getByRole('button', { name: 'Replay', exact: true }).click()
  await walk.dialog.waitFor({ state: 'detached' })
  await eventually(async () => (await depth('file', name)) === 3 && (await depth('file', dead)) === 6)
  await row.waitFor({ state: 'detached' })
})

it('without --write no act is on the page', async () => {
  const name = named('walk-read-only')
  await fill('memory', name, 3)
  await using looking = await Walk.begin(browser, { connections: { memory: urls.memory! } })
  await looking.page.getByText('read-only', { exact: true }).waitFor()
  await looking.find(name, 'memory')
  await looking.rows.first().click()
  await looking.page.getByRole('article', { name: 'Message' }).waitFor()
  const buttons = await looking.page.getByRole('button').allTextContents()
  for (const act of [
    'Send',
    'Purge',
    'Delete',
    'Copy or move',
    'Use as template',
    'Replay',
    'Bind',
    'Declare',
  ])
    expect(buttons).not.toContain(act)
  expect(await looking.page.getByRole('checkbox').count()).toBe(0)
  await looking.go('#/send?broker=memory&address=x')
  await looking.page.getByText('This console is read-only').waitFor()
})

it('the key of the link is gone from the address', async () => {
  expect(walk.page.url()).not.toMatch(/token/)
})
