/** `sluice delete`: deletes nodes. */
import { BROKER } from '../../broker/connection-options.ts'
import { existingNode, SUBSCRIPTION, TYPE } from '../../broker/node-address.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { CommandError } from '../../command/errors.ts'
import { flag } from '../../command/option.ts'
import { addressArgument } from '../../command/positionals.ts'

export const deleteNode: Command = {
  usage: '[options] ADDRESS ...',
  description: 'Delete the nodes, with what waits in them. A node that is not there is an error.',
  options: [
    BROKER,
    TYPE,
    SUBSCRIPTION,
    flag('--if-exists', 'a node that is not there is no error'),
    flag('--if-empty', 'refuse when messages wait in it'),
  ],
  examples: [
    ['sluice delete -b rabbitmq://localhost orders', 'a queue'],
    ['sluice delete news --subscription archive', 'a subscription, not its topic'],
  ],
  async run(context) {
    const { args } = context
    addressArgument(args.positionals[0])
    const missing: string[] = []
    await withSession(
      context,
      { closeOnAbort: true },
      async ({ connection: { admin }, library, address }) => {
        for (const given of args.positionals) {
          const node = existingNode(library, address(given), args.text('type'), args.text('subscription'))
          if (args.flag('if-empty')) {
            const depth = (await admin.inspect(node))?.depth ?? 0
            if (depth > 0)
              throw new CommandError(
                `${given} holds ${depth} messages`,
                'Leave --if-empty out to delete them too.',
              )
          }
          if (!(await admin.delete(node))) missing.push(given)
        }
      },
    )
    if (missing.length === 0 || args.flag('if-exists')) return 0
    throw new CommandError(`there is no ${missing.join(', ')}`)
  },
}
