/** `sluice replay` as a process: chosen letters only, killed on the way and begun again, on every broker that keeps letters on its own. */
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Connection, connect, createHub, queue } from '../../src/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { Commands, type Ended } from './commands.ts'

/** Dead letters in all; the full size is 10,000. */
const LETTERS = Number(process.env.SLUICE_REPLAY_LETTERS ?? 2_000)
const KILLS = 3
const REASONS = 5

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

function ok(ended: Ended): string {
  expect(ended.code, ended.err).toBe(0)
  return ended.text
}

async function letters(connection: Connection, aside: string, orders: string): Promise<void> {
  await connection.admin.declare(queue(orders))
  await using sender = await connection.sender(queue<number>(aside))
  const sent: Promise<unknown>[] = []
  for (let body = 0; body < LETTERS; body++) {
    const properties = {
      'sluice-reason': `reason ${body % REASONS}`,
      'sluice-origin': orders,
      'sluice-deliveries': 3,
      'sluice-error': `Error: of ${body % REASONS}\n    at work`,
    }
    sent.push(sender.send(body, { properties, id: `letter-${body}` }))
  }
  await Promise.all(sent)
}

async function drained(connection: Connection, name: string): Promise<{ id: string; body: number }[]> {
  await using receiver = await connection.receiver(queue<number>(name), { credit: 1_000 })
  const seen: { id: string; body: number }[] = []
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: 500 })
    if (!delivery) return seen
    seen.push({ id: delivery.id, body: delivery.body })
    await delivery.accept()
  }
}

async function killedAndBegunAgain(url: string): Promise<void> {
  const aside = uniqueName('aside')
  const orders = uniqueName('orders')
  await using connection = await connect(url)
  await letters(connection, aside, orders)
  const depth = async (name: string): Promise<number> => (await connection.admin.inspect(name))?.depth ?? 0
  const line = ['replay', '-b', url, aside, '--reason', 'reason 3', '--error', 'of 3']

  const dry = JSON.parse(ok(await commands.run('sluice', ...line, '--dry-run', '--json', '-q')))
  expect(dry).toMatchObject({ looked: LETTERS, matched: LETTERS / REASONS, replayed: 0 })
  expect(dry.reasons).toEqual([
    { reason: 'reason 3', origin: orders, error: 'Error: of 3', count: LETTERS / REASONS },
  ])

  let killed = 0
  for (let kills = 0; kills < KILLS; kills++) {
    const before = await depth(orders)
    const running = commands.start({}, 'sluice', ...line)
    // Until something has come back, or it was too quick to be killed.
    const ended = running.ended.then(() => true)
    while ((await depth(orders)) <= before && !(await Promise.race([ended, pause()])));
    if ((await running.kill('SIGKILL')).signal === 'SIGKILL') killed++
  }
  expect(killed).toBeGreaterThan(0)
  ok(await commands.run('sluice', ...line, '-q'))
  const again = JSON.parse(ok(await commands.run('sluice', ...line, '--dry-run', '--json', '-q')))
  expect(again).toMatchObject({ looked: LETTERS - LETTERS / REASONS, matched: 0 })

  const numbers = Array.from({ length: LETTERS }, (_, body) => body)
  const back = await drained(connection, orders)
  for (const { id, body } of back) expect(id).toBe(`letter-${body}`)
  expect([...new Set(back.map(({ body }) => body))].sort((a, b) => a - b)).toEqual(
    numbers.filter((body) => body % REASONS === 3),
  )
  const left = await drained(connection, aside)
  expect(left.map(({ body }) => body)).toEqual(numbers.filter((body) => body % REASONS !== 3))
  await connection.admin.delete(aside)
  await connection.admin.delete(orders)
}

async function pause(): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, 10))
  return false
}

describe('replay, killed and begun again, sends exactly the chosen letters back and loses none', () => {
  // Reason of a skip: the user chose to do without this broker, which the summary of the run says.
  for (const broker of ['rabbitmq', 'redis'] as const)
    it.skipIf(isLeftOut(broker))(`on ${broker}`, () => killedAndBegunAgain(brokerUrl(broker)), 300_000)

  it('on a hub with a store', async () => {
    await using hub = await createHub({
      listen: ['tcp://127.0.0.1:*'],
      data: join(commands.scratch, uniqueName('data')),
    })
    await killedAndBegunAgain(hub.urls[0]!)
  }, 300_000)
})

describe('replay', () => {
  it('prints what was chosen by reason; what cannot go back stays, is told, and makes the exit code 1', async () => {
    const url = `memory:${uniqueName('replay')}`
    await using connection = await connect(url)
    const aside = queue<number>('aside')
    const properties = { 'sluice-reason': 'bad', 'sluice-origin': 'nowhere', 'sluice-error': 'Error: no' }
    await connection.send(aside, 1, { properties })
    const { code, text, err } = await commands.run('sluice', 'replay', '-b', url, 'aside')
    expect(code).toBe(1)
    expect(text).toBe('CHOSEN  ORIGIN   REASON  ERROR\n     1  nowhere  bad     Error: no\n')
    expect(err).toMatch(
      /^1 stayed to nowhere: ADDRESS_NOT_FOUND: no such queue: nowhere\n {2}\S.*\n1 looked at, 1 chosen, 0 sent back\n$/,
    )
    await connection.admin.declare(queue('repair'))
    ok(await commands.run('sluice', 'replay', '-b', url, 'aside', '--to', 'repair', '-q'))
    expect((await drained(connection, 'repair')).map(({ body }) => body)).toEqual([1])
  })

  it('chooses by a condition, and refuses a wrong one before anything is looked at', async () => {
    const url = `memory:${uniqueName('replay')}`
    await using connection = await connect(url)
    await letters(connection, 'aside', 'orders')
    const where = 'P["sluice-reason"] = "reason 1" and P["sluice-deliveries"] > 2 and M.id ~ "letter-1"'
    ok(await commands.run('sluice', 'replay', '-b', url, 'aside', '--where', where, '--limit', '2', '-q'))
    expect((await drained(connection, 'orders')).map(({ body }) => body)).toEqual([1, 11])
    const wrong = await commands.run('sluice', 'replay', '-b', url, 'aside', '--where', 'nonsense(')
    expect(wrong).toMatchObject({ code: 1, text: '' })
  })
})
