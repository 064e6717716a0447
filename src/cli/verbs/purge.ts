/** `sluice purge`: removes what waits in a node. */
import { BROKER } from '../broker/connection-options.ts'
import { existingNode, SUBSCRIPTION, TYPE } from '../broker/node-address.ts'
import { withSession } from '../broker/with-session.ts'
import type { Command } from '../command.ts'
import { addressArgument, expectOnly } from '../positionals.ts'
import { jsonText } from '../print/terminal-text.ts'

export const purge: Command = {
  name: 'purge',
  summary: 'remove what waits in a node',
  usage: '[options] ADDRESS',
  description:
    'Remove the messages that wait in the node, and print how many. What receivers hold is not touched.',
  options: [BROKER, TYPE, SUBSCRIPTION, { name: 'json', kind: 'flag', help: 'print as JSON' }],
  examples: [{ line: 'sluice purge -b rabbitmq://localhost orders', what: 'empty the queue' }],
  async run(context) {
    const { args, out } = context
    expectOnly(args, 'ADDRESS')
    const given = addressArgument(args.positionals[0])
    await withSession(context, { closeOnAbort: true }, async ({ connection, library, address }) => {
      const node = existingNode(library, address(given), args.text('type'), args.text('subscription'))
      const removed = await connection.admin.purge(node)
      await out.line(args.flag('json') ? jsonText({ removed }) : `${removed} removed`)
    })
    return 0
  },
}
