/** `spout`: sends messages to an address. */
import type {
  MessageExtras,
  MessageFields,
  ReceivedMessage,
  Sender,
  SendOptions,
  StructuredValue,
} from '../../../index.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command, Context } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { addressArgument } from '../../command/positionals.ts'
import { changedFields } from '../../lines/message-lines.ts'
import { Progress } from '../../print/progress.ts'
import { RunReport } from '../../print/report.ts'
import { type Content, type ContentPlan, contentPlan } from './content.ts'
import { fieldMaker } from './fields.ts'
import { SPOUT_OPTIONS } from './options.ts'
import { OutcomesInOrder } from './outcomes-in-order.ts'
import { Pace } from './pace.ts'

const BULK_CAPACITY = 1000

export const spout: Command = {
  usage: '[options] ADDRESS [ CONTENT ... ]',
  description:
    'Send messages to the supplied address. The words after it are the content, joined by blanks. Each message that the broker has taken is printed.',
  options: SPOUT_OPTIONS,
  examples: [
    ["spout 'hello; {create: always}' Hello, world", 'send one message, making the queue'],
    ["spout -b rabbitmq://localhost -c 3 -P type=greeting 'hello; {create: always}' Hi", 'three to RabbitMQ'],
    ["spout -S us.weather 'news; {create: always, node: {type: topic}}' Sunny", 'publish under a subject'],
    ["spout 'lines; {create: always}' --content-stdin < some.log", 'a line a message'],
    ['spout orders --restore < saved.jsonl', 'put back what drain --dump saved'],
  ],
  async run(context) {
    const { args, signal } = context
    const address = addressArgument(args.positionals[0])
    const words = args.positionals.slice(1)
    const plan = contentPlan(args, words, context.input)
    const capacity = args.number('capacity') ?? (plan.bulk ? BULK_CAPACITY : 1)
    if (capacity < 1) throw new UsageError('option --capacity: less than 1')
    const report = new RunReport()
    await withSession(context, { closeOnAbort: true }, async ({ connection, keeps, address: resolve }) => {
      const sender = await connection.sender(resolve(address), { capacity })
      await sendAll(context, sender as Sender<unknown>, plan, capacity, keeps, report)
      await sender.close()
    })
    if (args.flag('report-total')) await report.print(context)
    return signal.aborted ? 0 : undefined
  },
}

async function sendAll(
  context: Context,
  sender: Sender<unknown>,
  plan: ContentPlan,
  capacity: number,
  keeps: boolean,
  report: RunReport,
): Promise<void> {
  const { args, signal } = context
  const limit = args.number('count') ?? (plan.bulk && !args.has('content-size') ? 0 : 1)
  const timeoutMs = (args.number('timeout') ?? Infinity) * 1000
  const makeFields = fieldMaker(args)
  const { printer } = await import('./printing.ts')
  const print = printer(context, plan)
  const pace = new Pace(args.number('send-rate'))
  // Whoever waits for the next line of the input is woken by its end.
  const inOrder = new OutcomesInOrder(capacity, plan.cancel)
  // With -r a send waits as long as it takes, as in the original; else it ends with its connection.
  const waitMs = args.flag('reconnect') ? Infinity : 30_000
  const start = performance.now()
  let count = 0
  const more = (): boolean =>
    (limit === 0 || count < limit) && performance.now() - start < timeoutMs && !signal.aborted
  if (!more()) return
  const progress = print
    ? undefined
    : new Progress(context.err, {
        count: () => report.count,
        describe: (sent) => `${sent} sent`,
        total: limit > 0 ? limit : undefined,
      })
  signal.addEventListener('abort', plan.cancel, { once: true })
  try {
    for await (const content of plan.messages) {
      await pace.turn(signal)
      if (!more()) break
      const fields = makeFields(content, count, plan.whole)
      const all = { ...fields, ...(keeps && { durable: true }), timeoutMs: waitMs }
      const outcome = content.extras
        ? sender.forward(...(await restored(content, content.extras, all)))
        : sender.send(content.body, all)
      count += 1
      await inOrder.add(outcome, () => {
        report.add()
        return print?.(fields, content)
      })
      if (!more()) break
    }
  } catch (error) {
    inOrder.check()
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', plan.cancel)
    await progress?.end()
  }
  await inOrder.finish()
}

/** A saved message of another program, with all that it said and no more. */
async function restored(
  { body, fields }: Content,
  extras: MessageExtras,
  { timeoutMs, ...wanted }: MessageFields & SendOptions,
): Promise<[ReceivedMessage, MessageFields & SendOptions]> {
  const { adapterFor, restoredMessage } = await import('../../../index.ts')
  const adapter = extras.native && (await adapterFor(`${extras.native.adapter}:`))
  const message = restoredMessage(body as Uint8Array | StructuredValue, fields, extras, adapter)
  return [message, { ...changedFields(message, wanted), timeoutMs }]
}
