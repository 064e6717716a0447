/**
 * A handler for batches of 100 beside `consume` with concurrency 100 whose handlers gather by hand: both write 100 rows in one commit into
 * PostgreSQL (SLUICE_TEST_POSTGRES), or, without it, nowhere.
 *
 *   npx tsx bench/consume/batches.ts URL [--messages 20000] [--repeats 5] [--json]
 *
 * URL: that of a broker, or `zeromq:` for a hub of its own. The two take turns on the same queue, which is filled before each turn and
 * not counted. Shows messages a second from the first to the last commit, and the ratio of neighbouring turns with its range of 95 %.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Connection, connect, queue } from '../../src/index.ts'
import { runCompiled } from '../run/compiled.ts'
import { HubProcess } from '../run/hub-process.ts'
import { openStore, type Store } from './store.ts'

const SIZE = 100
/** For the last rows, which are fewer than a commit takes. Unit: ms. */
const WAIT_MS = 50
/** All sends are under way at once, and the last one waits for all others. Unit: ms. */
const PATIENCE_MS = 300_000
/** Half the width of a 95 % interval of the normal distribution, in standard deviations. */
const REACH = 1.96
/** As an order that somebody sends: about 200 bytes of JSON. */
const TEXT = 'x'.repeat(170)

interface Order {
  readonly id: number
  readonly text: string
}

/** Opens a consumer that calls `done` for every message whose row is committed. */
type Way = (
  connection: Connection,
  node: ReturnType<typeof queue<Order>>,
  store: Store,
  done: (count: number) => void,
) => Promise<{ close(): Promise<void> }>

const WAYS: Readonly<Record<string, Way>> = {
  'consumeBatch, size 100': (connection, node, store, done) =>
    connection.consumeBatch(node, async (batch) => {
      await store.commit(batch.map((delivery) => delivery.body))
      done(batch.length)
    }),
  'consume, concurrency 100': (connection, node, store, done) => {
    const gathered = new ByHand(store)
    return connection.consume(
      node,
      async (delivery) => {
        await gathered.committed(delivery.body)
        done(1)
      },
      { concurrency: SIZE },
    )
  },
}

/** What one writes who has handlers for single messages and wants one commit for many. */
class ByHand {
  readonly #store: Store
  #rows: Order[] = []
  #commit: Promise<void> | undefined
  #full: () => void = () => {}

  constructor(store: Store) {
    this.#store = store
  }

  committed(row: Order): Promise<void> {
    this.#rows.push(row)
    this.#commit ??= this.#gather()
    const commit = this.#commit
    if (this.#rows.length >= SIZE) this.#full()
    return commit
  }

  async #gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, WAIT_MS)
      this.#full = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    const rows = this.#rows
    this.#rows = []
    this.#commit = undefined
    await this.#store.commit(rows)
  }
}

async function turn(connection: Connection, way: Way, store: Store, messages: number): Promise<number> {
  const node = queue<Order>(`bench-batches-${randomUUID()}`)
  const sender = await connection.sender(node)
  await Promise.all(
    Array.from({ length: messages }, (_, id) => sender.send({ id, text: TEXT }, { timeoutMs: PATIENCE_MS })),
  )
  await sender.close()
  await store.clear()
  let handled = 0
  let begun = 0
  const ended = new Promise<number>((resolve) => {
    const done = (count: number): void => {
      // The first commit is that of the start: from there on.
      if (begun === 0) begun = performance.now()
      else handled += count
      if (handled >= messages - SIZE * 2) resolve(handled / ((performance.now() - begun) / 1000))
    }
    void way(connection, node, store, done).then(async (consumer) => {
      await ended
      await consumer.close()
      await connection.admin.delete(node)
      closed()
    })
  })
  let closed = (): void => {}
  const over = new Promise<void>((resolve) => {
    closed = resolve
  })
  const perSecond = await ended
  await over
  return perSecond
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** Geometric mean of the ratios of neighbouring turns, and the range that holds the true one with 95 %. */
function ratio(
  ours: readonly number[],
  theirs: readonly number[],
): [mean: number, low: number, high: number] {
  const logs = ours.map((value, at) => Math.log(value / theirs[at]!))
  const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length
  const variance = logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, logs.length - 1)
  const half = REACH * Math.sqrt(variance / logs.length)
  return [Math.exp(mean), Math.exp(mean - half), Math.exp(mean + half)]
}

/** Resolves to the exit code. */
async function measure(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      messages: { type: 'string', default: '20000' },
      repeats: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  })
  const [given] = positionals
  if (given === undefined) {
    process.stderr.write(
      'usage: npx tsx bench/consume/batches.ts URL [--messages N] [--repeats N] [--json]\n',
    )
    return 2
  }
  await using hub = given === 'zeromq:' ? await HubProcess.start() : undefined
  await using store = await openStore(process.env.SLUICE_TEST_POSTGRES)
  await using connection = await connect(hub?.url ?? given)
  const messages = Number(values.messages)
  const names = Object.keys(WAYS)
  const rates = new Map<string, number[]>(names.map((name) => [name, []]))
  // The compilers have done their work after one turn of each.
  for (let round = -1; round < Number(values.repeats); round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const rate = await turn(connection, WAYS[name]!, store, messages)
      if (round >= 0) rates.get(name)!.push(rate)
    }
  }
  const [ours, theirs] = names.map((name) => rates.get(name)!) as [number[], number[]]
  const [mean, low, high] = ratio(ours, theirs)
  const result = {
    broker: connection.broker,
    store: store.name,
    messages,
    perSecond: Object.fromEntries(names.map((name) => [name, Math.round(median(rates.get(name)!))])),
    ratio: [mean, low, high].map((one) => Math.round(one * 100) / 100),
  }
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else {
    const { product, version } = result.broker ?? { product: '?', version: '?' }
    process.stdout.write(`${product} ${version}, ${store.name}, ${messages} messages\n`)
    for (const [name, rate] of Object.entries(result.perSecond))
      process.stdout.write(`  ${name.padEnd(26)} ${rate} messages/s\n`)
    process.stdout.write(`  ratio ${result.ratio[0]} (${result.ratio[1]} to ${result.ratio[2]})\n`)
  }
  return 0
}

const script = process.argv[1]!
if (script.endsWith('.ts')) process.exitCode = await runCompiled(script, process.argv.slice(2))
else process.exitCode = await measure()
