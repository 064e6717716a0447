/** `spout`: sends messages to an address. */
import { randomUUID } from 'node:crypto'
import type { MessageFields, PropertyValue, Sender } from '../../index.ts'
import type { Arguments } from '../arguments.ts'
import { withSession } from '../broker/with-session.ts'
import { type Command, type Context, UsageError } from '../command.ts'
import { Pace } from '../pace.ts'
import { jsonable } from '../print/jsonable.ts'
import { type Printable, printForm } from '../print/printable.ts'
import { decodeOrUndefined, jsonText } from '../print/terminal-text.ts'
import { Progress } from '../progress.ts'
import { RunReport } from '../report.ts'
import { type Content, type ContentPlan, contentPlan, nameValue } from '../spout/content.ts'
import { SPOUT_OPTIONS } from '../spout/options.ts'

const BULK_CAPACITY = 1000

export const spout: Command = {
  name: 'spout',
  summary: 'send messages to an address',
  usage: '[options] ADDRESS [ CONTENT ... ]',
  description:
    'Send messages to the supplied address. The words after it are the content, joined by blanks. Each message that the broker has taken is printed.',
  options: SPOUT_OPTIONS,
  examples: [
    { line: "spout 'hello; {create: always}' Hello, world", what: 'send one message, making the queue' },
    {
      line: "spout -b rabbitmq://localhost -c 3 -P type=greeting 'hello; {create: always}' Hi",
      what: 'three to RabbitMQ',
    },
    {
      line: "spout -S us.weather 'news; {create: always, node: {type: topic}}' Sunny",
      what: 'publish under a subject',
    },
    { line: "spout 'lines; {create: always}' --content-stdin < some.log", what: 'a line a message' },
    { line: 'spout orders --restore < saved.jsonl', what: 'put back what drain --dump saved' },
  ],
  async run(context) {
    const { args, signal } = context
    const [address, ...words] = args.positionals
    if (address === undefined) throw new UsageError('address is required')
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
      const outcome = sender.send(content.body, {
        ...fields,
        ...(keeps && { durable: true }),
        timeoutMs: waitMs,
      })
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

/** Takes outcomes in the order of sending, never more than `capacity` open; the first failure ends the run. */
class OutcomesInOrder {
  readonly #capacity: number
  readonly #failed: () => void
  #open = 0
  #last: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** `failed` is called once, at the first failure, whoever waits for what. */
  constructor(capacity: number, failed: () => void) {
    this.#capacity = capacity
    this.#failed = failed
  }

  /** Resolves when there is room for another one. @throws the first failure */
  async add(outcome: Promise<unknown>, done: () => Promise<void> | undefined): Promise<void> {
    this.#open += 1
    // Its failure is told in its turn.
    outcome.catch(() => {})
    this.#last = this.#last.then(() => this.#take(outcome, done))
    while (this.#open >= this.#capacity && !this.#failure) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.check()
  }

  async finish(): Promise<void> {
    await this.#last
    this.check()
  }

  check(): void {
    if (this.#failure) throw this.#failure.error
  }

  async #take(outcome: Promise<unknown>, done: () => Promise<void> | undefined): Promise<void> {
    try {
      if (this.#failure) return
      await outcome
      await done()
    } catch (error) {
      this.#failure = { error }
      this.#failed()
    } finally {
      this.#open -= 1
      this.#wake?.()
    }
  }
}

function fieldMaker(args: Arguments): (content: Content, count: number, whole: boolean) => MessageFields {
  const spoutId = args.text('id') ?? randomUUID()
  const common: MessageFields = {
    ...given('subject', args.text('subject')),
    ...given('replyTo', args.text('reply-to')),
    ...given('correlationId', args.text('correlation-id')),
    ...given('userId', args.text('user-id')),
    ...given('priority', args.number('priority')),
    ...given('ttlMs', args.number('ttl')),
    ...(args.flag('durable') && { durable: true }),
  }
  const pairs = args.list('property').map(nameValue)
  const sequence = args.flag('sequence')
  return (content, count, whole) => {
    if (whole && pairs.length === 0 && !sequence) return { ...content.fields, ...common }
    const properties: Record<string, PropertyValue> = Object.create(null)
    if (whole) Object.assign(properties, content.fields.properties)
    else properties['spout-id'] = `${spoutId}:${count}`
    if (sequence) properties.sn = count + 1
    for (const [name, value] of pairs) properties[name] = value
    return { ...content.fields, ...common, properties }
  }
}

function given<K extends keyof MessageFields>(
  name: K,
  value: MessageFields[K],
): Pick<MessageFields, K> | undefined {
  return value === undefined ? undefined : ({ [name]: value } as Pick<MessageFields, K>)
}

function printer(
  { args, out }: Context,
  plan: ContentPlan,
): ((fields: MessageFields, content: Content) => Promise<void>) | undefined {
  if (args.flag('quiet') || (plan.bulk && !args.flag('print') && !args.flag('json'))) return undefined
  const asJson = args.flag('json')
  return async (fields, content) => {
    const message = printable(fields, content)
    await out.line(asJson ? jsonText(jsonable(jsonForm(message))) : printForm(message))
  }
}

function printable(fields: MessageFields, { shown }: Content): Printable {
  const text =
    shown instanceof Uint8Array && fields.contentType?.startsWith('text/')
      ? decodeOrUndefined(shown)
      : undefined
  return {
    id: fields.id,
    subject: fields.subject,
    userId: fields.userId,
    replyTo: fields.replyTo,
    correlationId: fields.correlationId,
    priority: fields.priority,
    ttlMs: fields.ttlMs,
    durable: fields.durable ?? false,
    redelivered: false,
    properties: fields.properties ?? {},
    contentType: fields.contentType,
    content: text ?? shown,
  }
}

function jsonForm({ content, redelivered: _, ...fields }: Printable): Record<string, unknown> {
  return content instanceof Uint8Array
    ? { ...fields, bytes: Buffer.from(content).toString('base64') }
    : { ...fields, body: content }
}
