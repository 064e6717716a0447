/** `drain`: receives messages from an address and prints them. */
import type { Connection } from '../../../index.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command, Context } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { addressArgument } from '../../command/positionals.ts'
import { Progress } from '../../print/progress.ts'
import { RunReport } from '../../print/report.ts'
import { Pace } from '../spout/pace.ts'
import type { Drained, Feed } from './feed.ts'
import { DRAIN_OPTIONS } from './options.ts'
import { rendererFor } from './renderer.ts'
import { SequenceCheck } from './sequence.ts'

const DEFAULT_CREDIT = 100
/** Printed and accepted together at most. */
const BATCH = 1000

export const drain: Command = {
  usage: '[options] ADDRESS ...',
  description:
    'Drain messages from the supplied address. A message is acknowledged after it was printed. Ends when there is none within the timeout.',
  options: DRAIN_OPTIONS,
  examples: [
    ['drain hello', 'take and print what is there'],
    ["drain 'hello; {mode: browse}'", 'look, and leave everything'],
    ['drain -f -c 10 orders', 'wait for ten messages'],
    [`drain -p '%(M.subject)s %(P["spout-id"])s %(C)s' hello`, 'print subject, a property and the content'],
    ['drain --content-only lines > some.log', 'the bodies alone, a line a message, byte for byte'],
    ['drain --dump orders > saved.jsonl', 'save whole messages for spout --restore'],
  ],
  async run(context) {
    const { args } = context
    const address = addressArgument(args.positionals[0])
    const render = await rendererFor(context)
    const count = args.number('count') ?? 0
    const capacity = args.number('capacity') ?? DEFAULT_CREDIT
    if (capacity < 1) throw new UsageError('option --capacity: less than 1')
    const report = new RunReport()
    await withSession(context, {}, async ({ connection, address: resolve }) => {
      const { openFeed } = await import('./feed.ts')
      const forever = args.flag('forever')
      const feed = await openFeed(connection, resolve(address), {
        // Nothing is fetched that will not be printed: it would come back marked as delivered before.
        credit: count > 0 ? Math.min(capacity, count) : capacity,
        follow: forever || args.number('timeout')! > 0,
        signal: context.signal,
      })
      let progress: Progress | undefined
      try {
        const ready = args.text('ready-address')
        if (ready !== undefined) await connection.send(resolve(ready), 'ready')
        progress = await progressOf(context, connection, resolve(address), count, report)
        const shown: Shown = (message) => render(message, connection.adapter)
        if (count >= 0) await drainAll(context, feed, shown, count === 0 ? Infinity : count, report)
      } finally {
        await progress?.end()
        await feed.close()
      }
    })
    if (args.flag('report-total')) await report.print(context)
    return 0
  },
}

/** Only where the messages go elsewhere than to the same terminal. */
async function progressOf(
  { args, err, out }: Context,
  connection: Connection,
  address: string,
  count: number,
  report: RunReport,
): Promise<Progress | undefined> {
  if (!err.isTerminal || (out.isTerminal && !args.flag('quiet'))) return undefined
  const { inspect } = connection.capabilities.features
  const depth = inspect.level === 'unsupported' ? undefined : (await connection.admin.inspect(address))?.depth
  const total = count > 0 ? Math.min(count, depth ?? count) : depth
  return new Progress(err, {
    count: () => report.count,
    describe: (got) => `${got} received`,
    total: args.flag('forever') ? undefined : total,
  })
}

async function drainAll(
  context: Context,
  feed: Feed,
  render: Shown,
  limit: number,
  report: RunReport,
): Promise<void> {
  const { args, signal } = context
  const timeoutMs = args.flag('forever') ? undefined : Math.max(0, args.number('timeout')! * 1000)
  const pace = new Pace(args.number('receive-rate'))
  const printing = new Printing(
    context,
    feed,
    render,
    args.flag('verify-sequence') ? new SequenceCheck() : undefined,
  )
  while (report.count < limit && !signal.aborted) {
    const message = await nextUnlessAborted(feed, timeoutMs, signal)
    if (!message) break
    report.add(latency(message))
    await printing.add(message)
    await pace.turn(signal)
    if (feed.available === 0 || printing.isFull) await printing.settle()
  }
  await printing.settle()
}

/** Ctrl-C while waiting ends the run like a timeout. */
async function nextUnlessAborted(
  feed: Feed,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<Drained | undefined> {
  try {
    return await feed.next(timeoutMs, signal)
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** A message as it is written. */
type Shown = (message: Drained) => readonly (string | Uint8Array)[]

/** Order: written first, accepted after; what could not be written or formatted stays at the broker. */
class Printing {
  readonly #context: Context
  readonly #feed: Feed
  readonly #render: Shown
  readonly #sequence: SequenceCheck | undefined
  #printed: Drained[] = []

  constructor(context: Context, feed: Feed, render: Shown, sequence: SequenceCheck | undefined) {
    this.#context = context
    this.#feed = feed
    this.#render = render
    this.#sequence = sequence
  }

  async add(message: Drained): Promise<void> {
    try {
      const text = this.#render(message)
      this.#sequence?.check(message)
      this.#context.out.push(...text)
    } catch (error) {
      await this.settle()
      throw error
    }
    this.#printed.push(message)
  }

  get isFull(): boolean {
    return this.#printed.length >= BATCH || this.#context.out.isFull
  }

  async settle(): Promise<void> {
    if (this.#printed.length === 0) return
    await this.#context.out.flush()
    const printed = this.#printed
    this.#printed = []
    await this.#feed.accept(printed)
  }
}

/** From the sender's clock to ours. Unit: ms. */
function latency(message: Drained): number | undefined {
  return message.createdAt === undefined ? undefined : Date.now() - message.createdAt.getTime()
}
