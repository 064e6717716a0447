/** `sluice inspect`: one node. */

import { jsonable } from '../../../tools/message/jsonable.ts'
import { BROKER } from '../../broker/connection-options.ts'
import { existingNode, SUBSCRIPTION, TYPE } from '../../broker/node-address.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { CommandError } from '../../command/errors.ts'
import { flag } from '../../command/option.ts'
import { addressArgument, expectOnly } from '../../command/positionals.ts'
import { pairLines } from '../../print/table.ts'
import { jsonText } from '../../print/terminal-text.ts'

export const inspect: Command = {
  usage: '[options] ADDRESS',
  description: 'Show what the broker tells of a node. A node that is not there ends with 1.',
  options: [BROKER, TYPE, SUBSCRIPTION, flag('--json', 'print as JSON')],
  examples: [
    ['sluice inspect -b rabbitmq://localhost orders', 'a queue'],
    ['sluice inspect orders --json', 'for programs'],
  ],
  async run(context) {
    const { args, out } = context
    expectOnly(args, 'ADDRESS')
    const given = addressArgument(args.positionals[0])
    const found = await withSession(context, { closeOnAbort: true }, ({ connection, library, address }) =>
      connection.admin.inspect(
        existingNode(library, address(given), args.text('type'), args.text('subscription')),
      ),
    )
    if (!found) throw new CommandError(`there is no ${given}`)
    if (args.flag('json')) {
      await out.line(jsonText(jsonable(found)))
      return 0
    }
    const { details, ...facts } = found
    const pairs = [...Object.entries(facts), ...Object.entries(details)]
    await out.line(
      pairLines(
        pairs.map(([name, value]) => [
          name,
          typeof value === 'object' && value !== null ? jsonText(jsonable(value)) : value,
        ]),
      ).join('\n'),
    )
    return 0
  },
}
