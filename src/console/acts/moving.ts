/** Messages from one node to another, on any two brokers: the engine is that of `sluice bridge`. */
import type { Connection, ReceivedMessage, Sender } from '../../index.ts'
import { Bridge } from '../../tools/bridge/bridge.ts'
import { ChosenSource, deleteChosen } from '../../tools/bridge/chosen-source.ts'
import { copyMessages } from '../../tools/bridge/copy-messages.ts'
import { placeMark } from '../../tools/bridge/place-mark.ts'
import { Source } from '../../tools/bridge/source.ts'
import { chosenMessages } from '../../tools/message/choice.ts'
import { type Broker, CALL_MS } from '../brokers/broker.ts'
import { Refused } from '../errors.ts'
import { conditionOf, lookAt } from '../messages/looking.ts'
import { addressOf, lookedAt, placeOf } from '../nodes/address.ts'
import type { Act } from '../protocol.ts'
import type { Progress } from './tasks.ts'

/** Messages on their way at once. */
const CAPACITY = 200

type MovingAct = Extract<Act, { readonly act: 'copy' | 'move' }>

interface Ends {
  readonly source: Broker
  readonly target: Broker
  readonly bodies: boolean
}

/** Resolves to what was done, in words. */
export async function moveOrCopy(act: MovingAct, ends: Ends, progress: Progress): Promise<string> {
  const { source, target } = ends
  if (source === target && placeOf(act.from.address).name === placeOf(act.to.address).name)
    throw new Refused(400, 'REQUEST_INVALID', 'Source and target are the same node')
  progress.total = await expected(act, source)
  const options = { capacity: CAPACITY, timeoutMs: CALL_MS, signal: progress.signal }
  const sender = await target.connection.sender(act.to.address, options)
  try {
    return act.act === 'copy'
      ? await copy(act, ends, sender, progress)
      : await move(act, ends, sender, progress)
  } finally {
    await sender.close()
  }
}

/** Messages that will be handled, where that is known. */
async function expected({ ids, where, limit, from }: MovingAct, source: Broker): Promise<number | undefined> {
  if (ids) return Math.min(ids.length, limit ?? ids.length)
  if (where) return undefined
  const node = await source.connection.admin.inspect(addressOf(placeOf(from.address).name), {
    timeoutMs: CALL_MS,
  })
  return node?.depth === undefined ? limit : Math.min(node.depth, limit ?? node.depth)
}

/** A message is accepted at its source only after the target has confirmed it. */
async function move(act: MovingAct, ends: Ends, sender: Sender, progress: Progress): Promise<string> {
  const { limit = Infinity } = act
  const { source, target } = ends
  const { connection } = source
  const address = lookedAt(act.from.address)
  const chosen = await openSource(act, ends, connection, address)
  const bridge = new Bridge(chosen.source, sender, target.connection, {
    onLoop: 'ignore',
    rejectRefused: false,
    // This process may end before whatever comes for it.
    makeDurable: target.connection.adapter === 'file',
    limit,
    idleMs: 0,
    from: placeMark(source.url, address),
    to: placeMark(target.url, act.to.address),
  })
  const timer = setInterval(() => {
    progress.count = bridge.counts.moved
  }, 100)
  try {
    await bridge.run(progress.signal)
  } finally {
    clearInterval(timer)
    progress.count = bridge.counts.moved
    await chosen.close()
  }
  const { moved, expired } = bridge.counts
  return `${moved} moved${expired > 0 ? `, ${expired} had expired` : ''}${chosen.remark()}`
}

interface OpenSource {
  readonly source: Source | ChosenSource
  close(): Promise<void>
  /** What else is to be known at the end. */
  remark(): string
}

async function openSource(
  { ids, where, limit = Infinity }: Pick<MovingAct, 'ids' | 'where' | 'limit'>,
  { bodies }: Pick<Ends, 'bodies'>,
  connection: Connection,
  address: string,
): Promise<OpenSource> {
  conditionOf(where, bodies)
  const fits = chosenMessages({ ids, where })
  if (fits) {
    const source = await new ChosenSource(connection, address, { fits, count: ids?.length }).open()
    return { source, close: () => source.close(), remark: () => remarkOf(source) }
  }
  const credit = Math.min(CAPACITY, limit)
  const receiver = await connection.receiver(address, { credit, mode: 'consume', timeoutMs: CALL_MS })
  return {
    source: new Source(receiver, connection, address),
    close: () => receiver.close(),
    remark: () => '',
  }
}

function remarkOf({ passedOver, cut }: ChosenSource): string {
  const end = cut ? '; it ended there: more is not held at once' : ''
  return passedOver > 0 ? `; ${passedOver} others were passed over and given back${end}` : ''
}

/** Looks, and sends what it sees: the source keeps everything. */
async function copy(
  act: MovingAct,
  { source, target, bodies }: Ends,
  sender: Sender,
  progress: Progress,
): Promise<string> {
  const { ids, where, limit = Infinity, disturb } = act
  const { signal } = progress
  conditionOf(where, bodies)
  await copyMessages(messagesOf(lookAt(source, { address: act.from.address, disturb, signal })), sender, {
    fits: chosenMessages({ ids, where }),
    limit: Math.min(limit, ids?.length ?? Infinity),
    capacity: CAPACITY,
    makeDurable: target.connection.adapter === 'file',
    signal,
    copied() {
      progress.count += 1
    },
  })
  return `${progress.count} copied`
}

async function* messagesOf(
  seen: AsyncIterable<{ readonly message: ReceivedMessage }>,
): AsyncGenerator<ReceivedMessage> {
  for await (const { message } of seen) yield message
}

/** Chosen messages are taken and thrown away. */
export async function deleteMessages(
  broker: Broker,
  { address, ids }: { readonly address: string; readonly ids: readonly string[] },
  progress: Progress,
): Promise<string> {
  const { connection } = broker
  progress.total = ids.length
  const source = await new ChosenSource(connection, lookedAt(address), {
    fits: chosenMessages({ ids })!,
    count: ids.length,
  }).open()
  await deleteChosen(source, progress.signal, () => {
    progress.count += 1
  })
  return `${progress.count} deleted${remarkOf(source)}`
}
