/**
 * A peak against a rate: 50,000 messages at once, worked off at 2,000 a second. First by one consumer alone, then with another one beside it
 * that has no rate and takes what the first leaves in the queue.
 *
 *   npx tsx bench/consume/rates.ts URL [--messages 50000] [--rate 2000] [--json]
 *
 * URL: that of a broker, or `zeromq:` for a hub of its own. Ends with 1 when the rate is missed by more than 2 %, a message is lost or comes
 * twice, the memory of this process grows by 50 MB or more while the peak is worked off, or the other consumer gets nothing.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Connection, connect, queue } from '../../src/index.ts'
import { runCompiled } from '../run/compiled.ts'
import { HubProcess } from '../run/hub-process.ts'

const MOST_OFF = 0.02
const MOST_GROWTH = 50 * 1024 * 1024
const SAMPLE_MS = 200
/** All sends of a peak are under way at once, and the last one waits for all others. Unit: ms. */
const PATIENCE_MS = 300_000
const BODY = 'x'.repeat(200)
/** Handlers of each consumer that run at once. */
const CONCURRENCY = 16

interface Message {
  readonly id: number
  readonly text: string
}

/** Which messages one consumer has handled, and when. */
class Log {
  readonly ids: number[] = []
  first = 0
  last = 0

  handled({ id }: Message): void {
    this.last = performance.now()
    if (this.ids.length === 0) this.first = this.last
    this.ids.push(id)
  }

  get perSecond(): number {
    return (this.ids.length - 1) / ((this.last - this.first) / 1000)
  }
}

/** Largest resident memory above that of the beginning. */
class Memory {
  readonly #before = process.memoryUsage.rss()
  #most = this.#before
  readonly #timer = setInterval(() => this.#look(), SAMPLE_MS)

  #look(): void {
    this.#most = Math.max(this.#most, process.memoryUsage.rss())
  }

  end(): number {
    clearInterval(this.#timer)
    this.#look()
    return this.#most - this.#before
  }
}

interface Result {
  /** How long the peak took to be sent. Unit: s. */
  readonly sentIn: number
  readonly perSecond: number
  /** Share of the messages that the consumer without a rate had. */
  readonly others: number
  readonly lost: number
  readonly twice: number
  /** Unit: bytes. */
  readonly growth: number
}

async function peak(
  rated: Connection,
  other: Connection | undefined,
  count: number,
  perSecond: number,
): Promise<Result> {
  const node = queue<Message>(`bench-rates-${randomUUID()}`)
  const sender = await rated.sender(node)
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: count }, (_, id) => sender.send({ id, text: BODY }, { timeoutMs: PATIENCE_MS })),
  )
  const sentIn = (performance.now() - begun) / 1000
  await sender.close()
  const slow = new Log()
  const quick = new Log()
  const memory = new Memory()
  const consumer = await rated.consume(node, (delivery) => slow.handled(delivery.body), {
    concurrency: CONCURRENCY,
    rate: { count: perSecond, perMs: 1000 },
  })
  // A handler that does something: else it would be over before the rate shows.
  const beside = await other?.consume(
    node,
    async (delivery) => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      quick.handled(delivery.body)
    },
    { concurrency: CONCURRENCY },
  )
  await quiet(() => slow.ids.length + quick.ids.length, count)
  const growth = memory.end()
  await consumer.close()
  await beside?.close()
  await rated.admin.delete(node)
  const all = [...slow.ids, ...quick.ids]
  const distinct = new Set(all).size
  return {
    sentIn,
    perSecond: slow.perSecond,
    others: quick.ids.length / all.length,
    lost: count - distinct,
    twice: all.length - distinct,
    growth,
  }
}

/** Resolves when `wanted` have come, or none for five seconds; and a moment later, in which nothing more may come. */
async function quiet(read: () => number, wanted: number): Promise<void> {
  let before = -1
  let since = performance.now()
  while (read() < wanted && performance.now() - since < 5_000) {
    if (read() !== before) since = performance.now()
    before = read()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
}

/** Resolves to the exit code. */
async function measure(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      messages: { type: 'string', default: '50000' },
      rate: { type: 'string', default: '2000' },
      json: { type: 'boolean', default: false },
    },
  })
  const [given] = positionals
  if (given === undefined) {
    process.stderr.write('usage: npx tsx bench/consume/rates.ts URL [--messages N] [--rate N] [--json]\n')
    return 2
  }
  const [count, rate] = [Number(values.messages), Number(values.rate)]
  await using hub = given === 'zeromq:' ? await HubProcess.start() : undefined
  const url = hub?.url ?? given
  await using connection = await connect(url)
  await using second = await connect(url)
  // The heap has its shape, and the compilers have done their work.
  await peak(connection, undefined, Math.min(count, rate * 2), rate)
  const results = {
    alone: await peak(connection, undefined, count, rate),
    'with another': await peak(connection, second, count, rate),
  }
  const problems = Object.entries(results).flatMap(([name, result]) =>
    problemsOf(result, rate).map((problem) => `${name}: ${problem}`),
  )
  if (results['with another'].others === 0) problems.push('with another: the other one got nothing')
  if (values.json)
    process.stdout.write(`${JSON.stringify({ broker: connection.broker, count, rate, results, problems })}\n`)
  else {
    const { product, version } = connection.broker ?? { product: '?', version: '?' }
    process.stdout.write(`${product} ${version}, ${count} messages at ${rate}/s\n`)
    for (const [name, result] of Object.entries(results)) process.stdout.write(`  ${line(name, result)}\n`)
    for (const problem of problems) process.stdout.write(`  WRONG ${problem}\n`)
  }
  return problems.length === 0 ? 0 : 1
}

function problemsOf({ perSecond, lost, twice, growth }: Result, rate: number): string[] {
  const off = Math.abs(perSecond / rate - 1)
  return [
    ...(off > MOST_OFF ? [`${(off * 100).toFixed(1)} % beside the rate`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(twice > 0 ? [`${twice} came twice`] : []),
    ...(growth >= MOST_GROWTH ? [`grown by ${megabytes(growth)} MB`] : []),
  ]
}

function line(name: string, { sentIn, perSecond, others, lost, twice, growth }: Result): string {
  return [
    `${name.padEnd(14)}sent in ${sentIn.toFixed(1)} s`,
    `worked off at ${perSecond.toFixed(1)}/s`,
    `another one had ${Math.round(others * 100)} %`,
    `${lost} lost, ${twice} twice`,
    `grown by ${megabytes(growth)} MB`,
  ].join('; ')
}

function megabytes(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}

const script = process.argv[1]!
if (script.endsWith('.ts')) process.exitCode = await runCompiled(script, process.argv.slice(2))
else process.exitCode = await measure()
