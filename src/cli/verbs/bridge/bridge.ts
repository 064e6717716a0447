/** `sluice bridge`: from one broker to another, at least once. */
import type { Receiver, Sender } from '../../../index.ts'
import { Bridge, type BridgeSource, type Counts } from '../../../tools/bridge/bridge.ts'
import { ChosenSource } from '../../../tools/bridge/chosen-source.ts'
import { copyMessages } from '../../../tools/bridge/copy-messages.ts'
import { placeMark } from '../../../tools/bridge/place-mark.ts'
import { Source } from '../../../tools/bridge/source.ts'
import { chosenMessages } from '../../../tools/message/choice.ts'
import { brokerUrl } from '../../broker/broker-url.ts'
import { builtNode } from '../../broker/node-address.ts'
import { openSession, type Session } from '../../broker/session.ts'
import type { Arguments } from '../../command/arguments.ts'
import type { Command, Context } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { flag, integer, list, number, text } from '../../command/option.ts'
import { Progress, progressText } from '../../print/progress.ts'
import { jsonText } from '../../print/terminal-text.ts'
import { type EndPoint, endPoint } from './end-point.ts'
import { subjectMap } from './subject-map.ts'

export const bridge: Command = {
  usage: '[options] FROM TO',
  description:
    'Move messages from FROM to TO, each URL#ADDRESS, until Ctrl-C. A message is accepted at its source only after the target has confirmed it; what dies in between is delivered again with the same id. All fields, properties and the remaining time to live are kept, and the order of each sender. Both ends reconnect by themselves.',
  options: [
    integer('-c, --count COUNT', 'stop after this many messages; 0: no limit', { fallback: 0, least: 0 }),
    number('-t, --timeout SECONDS', 'stop when there is none for this long; 0: what is there now', {
      least: 0,
    }),
    text(
      '-w, --where CONDITION',
      'only those that fit, in the language of drain -p; the others are held back until the end, then given back',
    ),
    list('--id ID', 'only the message of this id; may be repeated'),
    flag('--copy', 'look instead of taking: the source keeps what is copied'),
    flag('--create', 'make the target if it is missing, of the same kind as the source'),
    text(
      '--subscription NAME',
      'FROM is a topic: subscribe under this name, so that nothing is missed while the bridge is away',
    ),
    list(
      '-m, --map PATTERN=SUBJECT',
      "change subjects: 'us.*.#=usa.$1.$2'; may be repeated, the first that fits decides",
    ),
    integer('--capacity N', 'messages on their way at once', { fallback: 1000, least: 1 }),
    text(
      '--on-loop ON-LOOP',
      'what to do with a message that has been at the target before (default stop, from a topic drop)',
      { choices: ['stop', 'drop', 'ignore'] },
    ),
    flag('--reject-refused', 'reject at the source what the target refuses, instead of stopping'),
    flag('-q, --quiet', 'no counts on stderr'),
    flag('--json', 'print the final counts as JSON'),
  ],
  examples: [
    [
      "sluice bridge 'rabbitmq://localhost#orders' 'redis://localhost#orders' --create",
      'a queue to another broker',
    ],
    [
      "sluice bridge 'rabbitmq://localhost#orders.failed' 'rabbitmq://localhost#orders' -t 0",
      'play dead letters again, then end',
    ],
    [
      "sluice bridge 'rabbitmq://localhost#orders' 'redis://localhost#big' --create -t 0 -w 'M.subject ~ \"us.\"'",
      'chosen messages',
    ],
    [
      "sluice bridge 'redis://localhost#orders' 'file:./copy#orders' --create --copy",
      'copies, to look at elsewhere',
    ],
    [
      "sluice bridge 'qpid://localhost#news/us.#' 'zmq://localhost#news' --subscription bridge -m 'us.#=usa.$1'",
      'a topic, with other subjects',
    ],
  ],
  async run(context) {
    const { args } = context
    const [from, to, ...more] = args.positionals
    if (from === undefined || to === undefined || more.length > 0)
      throw new UsageError('FROM and TO are required')
    const source = endPoint(from, 'FROM')
    const target = endPoint(to, 'TO')
    const map = subjectMap(args.list('map'))
    await using left = await openSession(context, { broker: source.broker, reconnect: 'always' })
    await using right = await openSession(context, { broker: target.broker, reconnect: 'always' })
    if (args.flag('copy')) await copyAll(context, left, source, right, target)
    else await moveAll(context, left, source, right, target, map)
    return 0
  },
}

async function moveAll(
  context: Context,
  left: Session,
  source: EndPoint,
  right: Session,
  target: EndPoint,
  map: ReturnType<typeof subjectMap>,
): Promise<void> {
  const { args, signal } = context
  const capacity = args.number('capacity')!
  const limit = args.number('count') || Infinity
  const { receiving, isTopic, depth, close } = await openSource(
    context,
    left,
    source,
    Math.min(capacity, limit),
  )
  const sender = await openSender(context, right, target, isTopic, capacity)
  const seconds = args.number('timeout') ?? (isChosen(args) ? 0 : undefined)
  // Without an end there is nothing left to count down to.
  const total = limit !== Infinity ? limit : seconds === undefined ? undefined : depth
  const moving = new Bridge(receiving, sender, right.connection, {
    map,
    limit,
    idleMs: seconds === undefined ? undefined : seconds * 1000,
    onLoop: (args.text('on-loop') ?? (isTopic ? 'drop' : 'stop')) as 'stop' | 'drop' | 'ignore',
    rejectRefused: args.flag('reject-refused'),
    makeDurable: right.keeps,
    from: markOf(left, source),
    to: markOf(right, target),
  })
  try {
    await withCounts(context, moving.counts, total, () => moving.run(signal))
  } finally {
    await close()
  }
  await sender.close()
}

function markOf({ library, address }: Session, { broker, address: text }: EndPoint): string {
  return placeMark(brokerUrl(broker, [broker]), library.parseAddress(address(text)).name)
}

interface OpenSource {
  readonly receiving: BridgeSource
  readonly isTopic: boolean
  /** Messages that will come, where that is known. */
  readonly depth: number | undefined
  close(): Promise<void>
}

async function openSource(
  { args }: Context,
  { connection, library, address }: Session,
  { address: text }: EndPoint,
  credit: number,
): Promise<OpenSource> {
  const subscription = args.text('subscription')
  const { name, subject, options } = library.parseAddress(address(text))
  const found = await connection.admin.inspect(library.formatAddress({ name }))
  const isTopic = subscription !== undefined || (found !== undefined && found.type !== 'queue')
  const fits = choiceOf(args)
  if (fits) {
    if (isTopic) throw new UsageError('--where and --id are for queues')
    const count = args.list('id').length || undefined
    const chosen = await new ChosenSource(connection, address(text), { fits, count }).open()
    return { receiving: chosen, isTopic, depth: count, close: () => chosen.close() }
  }
  const source =
    isTopic && options === undefined && found?.type !== 'broadcast'
      ? library.topic(name, { create: 'never' }).matching(subject ?? '#')
      : undefined
  const receiver: Receiver = source
    ? await connection.receiver(subscription === undefined ? source : source.subscription(subscription), {
        credit,
      })
    : await connection.receiver(address(text), { credit, mode: 'consume' })
  return {
    receiving: new Source(receiver, connection, address(text)),
    isTopic,
    depth: found?.depth,
    close: () => receiver.close(),
  }
}

function isChosen(args: Arguments): boolean {
  return args.has('where') || args.has('id')
}

function choiceOf(args: Arguments): ReturnType<typeof chosenMessages> {
  return chosenMessages({ ids: args.has('id') ? args.list('id') : undefined, where: args.text('where') })
}

/** Looks at what is there, and sends copies. */
async function copyAll(
  context: Context,
  left: Session,
  source: EndPoint,
  right: Session,
  target: EndPoint,
): Promise<void> {
  const { args, signal } = context
  const counts: Counts = { moved: 0, expired: 0, looped: 0, refused: 0 }
  const fits = choiceOf(args)
  const capacity = args.number('capacity')!
  const sender = await openSender(context, right, target, false, capacity)
  const messages = left.connection.browse(left.address(source.address), { signal })
  await withCounts(
    context,
    counts,
    undefined,
    () =>
      copyMessages(messages, sender, {
        fits,
        limit: Math.min(args.number('count') || Infinity, args.list('id').length || Infinity),
        capacity,
        makeDurable: right.keeps,
        signal,
        copied() {
          counts.moved += 1
        },
      }),
    'copied',
  )
  await sender.close()
}

async function openSender(
  context: Context,
  { connection, library, address }: Session,
  { address: text }: EndPoint,
  isTopic: boolean,
  capacity: number,
): Promise<Sender> {
  const { name } = library.parseAddress(address(text))
  if (context.args.flag('create') && !(await connection.admin.inspect(library.formatAddress({ name })))) {
    await connection.admin.declare(builtNode(library, name, isTopic ? 'topic' : 'queue', {}))
  }
  return connection.sender(address(text), { capacity })
}

/** Live counts for people, final ones for programs. */
async function withCounts(
  { args, err, out }: Context,
  counts: Counts,
  total: number | undefined,
  work: () => Promise<void>,
  done = 'moved',
): Promise<void> {
  const shows = !args.flag('quiet')
  const start = performance.now()
  const describe = (moved: number): string => {
    const others = [
      counts.expired > 0 && `${counts.expired} expired`,
      counts.looped > 0 && `${counts.looped} dropped as looping`,
      counts.refused > 0 && `${counts.refused} rejected`,
    ].filter((part) => part !== false)
    return [`${moved} ${done}`, ...others].join(', ')
  }
  const progress = shows ? new Progress(err, { count: () => counts.moved, describe, total }) : undefined
  try {
    await work()
  } finally {
    await progress?.end()
    const seconds = Math.max((performance.now() - start) / 1000, 0.001)
    if (shows) await err.line(progressText(describe(counts.moved), counts.moved, counts.moved / seconds))
    if (args.flag('json')) await out.line(jsonText(counts))
  }
}
