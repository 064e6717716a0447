/** `sluice bind`: what a topic gets under a key goes to a queue too. */
import { BROKER } from '../../broker/connection-options.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { CommandError } from '../../command/errors.ts'
import { list } from '../../command/option.ts'
import { addressArgument, expectOnly } from '../../command/positionals.ts'
import { propertiesOf } from '../spout/content.ts'

export const bind: Command = {
  usage: '[options] TOPIC QUEUE [ KEY ]',
  description:
    'From now on messages published on the topic whose subject fits the key (all of them without one) also go to the queue. For brokers that have bindings; sluice doctor tells.',
  options: [BROKER, list('--argument NAME=VALUE', 'an argument of the binding; may be repeated')],
  examples: [["sluice bind -b rabbitmq://localhost news archive 'us.#'", 'keep a copy of the American news']],
  async run(context) {
    const { args } = context
    expectOnly(args, 'TOPIC', 'QUEUE', 'KEY')
    const [, second, key] = args.positionals
    const source = addressArgument(args.positionals[0], 'the name of the topic')
    const target = addressArgument(second, 'the name of the queue')
    await withSession(
      context,
      { closeOnAbort: true },
      async ({ connection: { admin }, library, address }) => {
        const { name } = library.parseAddress(address(target))
        const found = await admin.inspect(library.queue(name))
        if (!found) throw new CommandError(`there is no queue ${name}`, 'Make it first: sluice declare')
        const pairs = args.list('argument')
        const binding = {
          exchange: library.parseAddress(address(source)).name,
          ...(key !== undefined && { key }),
          ...(pairs.length > 0 && { arguments: propertiesOf(pairs) as Record<string, string> }),
        }
        const node = { type: 'queue', durable: found.durable ?? true, 'x-bindings': [binding] }
        await admin.declare(library.formatAddress({ name, options: { create: 'always', node } }))
      },
    )
    return 0
  },
}
