/** `sluice declare`: makes a node. */
import type { NodeOptions } from '../../../index.ts'
import { BROKER } from '../../broker/connection-options.ts'
import { builtNode, type NodeTypeName, SUBSCRIPTION, TYPE } from '../../broker/node-address.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Arguments } from '../../command/arguments.ts'
import type { Command } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { flag, integer, list, text } from '../../command/option.ts'
import { addressArgument } from '../../command/positionals.ts'
import { nameValue } from '../spout/content.ts'

export const declare: Command = {
  usage: '[options] ADDRESS [ PATTERN ... ]',
  description:
    'Make the node, or do nothing when it is there with the same settings; other settings are an error and change nothing. An address string with options of its own is taken as it is written.',
  options: [
    BROKER,
    { ...TYPE, help: 'kind of the node (default queue)' },
    flag('--transient', 'does not survive a restart of the broker'),
    integer('--max-deliveries N', 'deliveries of one message before it is a dead letter'),
    text('--dead-letter ADDRESS', 'where rejected messages go'),
    integer('--max-length N', 'messages that may wait; more is refused'),
    integer('--ttl MS', 'longest life of a message in the node'),
    integer('--expires MS', 'the node deletes itself after so long without use'),
    flag('--exclusive', 'one receiver at a time'),
    { ...SUBSCRIPTION, help: 'make this named subscription of the topic, with the patterns given' },
    list('--native NAME=VALUE', "an argument of this broker's own; VALUE is JSON or text; may be repeated"),
  ],
  examples: [
    [
      'sluice declare -b rabbitmq://localhost orders --dead-letter failed --max-deliveries 5',
      'a queue whose failures go elsewhere',
    ],
    ['sluice declare -T topic news', 'a topic'],
    [
      "sluice declare news --subscription archive '#.weather'",
      'a subscription that retains while nobody listens',
    ],
    ['sluice declare -b rabbitmq://localhost jobs --native queueType=quorum', "with a broker's own argument"],
  ],
  async run(context) {
    const { args } = context
    const address = addressArgument(args.positionals[0])
    const patterns = args.positionals.slice(1)
    await withSession(context, { closeOnAbort: true }, async ({ connection, library, address: resolve }) => {
      const text = resolve(address)
      const { name, options } = library.parseAddress(text)
      const subscription = args.text('subscription')
      if (patterns.length > 0 && subscription === undefined)
        throw new UsageError('patterns are for --subscription')
      if (options !== undefined) {
        // Created by this command, whatever side its policy names.
        await connection.admin.declare(
          library.formatAddress({ name, options: { ...options, create: 'always' } }),
        )
      } else if (subscription !== undefined) {
        const topic = library.topic(name, nodeOptions(args))
        const matching = patterns.length > 0 ? topic.matching(...patterns) : topic.matching('#')
        await connection.admin.declare(matching.subscription(subscription))
      } else {
        await connection.admin.declare(builtNode(library, name, typeOf(args), nodeOptions(args)))
      }
    })
    return 0
  },
}

function typeOf(args: Arguments): NodeTypeName {
  return (args.text('type') ?? 'queue') as NodeTypeName
}

function nodeOptions(args: Arguments): NodeOptions {
  const native = args.list('native')
  return withoutAbsent({
    durable: args.flag('transient') ? false : undefined,
    maxDeliveries: args.number('max-deliveries'),
    deadLetter: args.text('dead-letter'),
    maxLength: args.number('max-length'),
    ttlMs: args.number('ttl'),
    expiresMs: args.number('expires'),
    exclusive: args.flag('exclusive') || undefined,
    native: native.length === 0 ? undefined : Object.fromEntries(native.map(nativeArgument)),
  })
}

function withoutAbsent(options: NodeOptions): NodeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function nativeArgument(pair: string): [string, unknown] {
  const [name, text] = nameValue(pair)
  if (text === null) throw new UsageError(`option --native: '${pair}' has no value`)
  try {
    return [name, JSON.parse(text)]
  } catch {
    return [name, text]
  }
}
