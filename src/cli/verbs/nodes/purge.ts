/** `sluice purge`: removes what waits in a node. */
import { ChosenSource, deleteChosen } from '../../../tools/bridge/chosen-source.ts'
import { chosenMessages } from '../../../tools/message/choice.ts'
import { BROKER } from '../../broker/connection-options.ts'
import { existingNode, SUBSCRIPTION, TYPE } from '../../broker/node-address.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { flag, list, text } from '../../command/option.ts'
import { addressArgument, expectOnly } from '../../command/positionals.ts'
import { jsonText } from '../../print/terminal-text.ts'

export const purge: Command = {
  usage: '[options] ADDRESS',
  description:
    'Remove the messages that wait in the node, or those chosen, and print how many. What receivers hold is not touched. Chosen ones are taken out from the head: those before them are held until the end and given back, and may count as delivered once more.',
  options: [
    BROKER,
    TYPE,
    SUBSCRIPTION,
    list('--id ID', 'only the message of this id; may be repeated'),
    text('-w, --where CONDITION', 'only those that fit, in the language of drain -p'),
    flag('--json', 'print as JSON'),
  ],
  examples: [
    ['sluice purge -b rabbitmq://localhost orders', 'empty the queue'],
    ['sluice purge orders -w \'M.subject = "test"\'', 'only what is a test'],
  ],
  async run(context) {
    const { args, out, signal } = context
    expectOnly(args, 'ADDRESS')
    const given = addressArgument(args.positionals[0])
    await withSession(context, { closeOnAbort: true }, async ({ connection, library, address }) => {
      const node = existingNode(library, address(given), args.text('type'), args.text('subscription'))
      const ids = args.has('id') ? args.list('id') : undefined
      const fits = chosenMessages({ ids, where: args.text('where') })
      let removed = 0
      if (fits) {
        if (args.has('subscription')) throw new UsageError('--id and --where are for queues')
        const source = new ChosenSource(connection, address(given), { fits, count: ids?.length })
        await deleteChosen(await source.open(), signal, () => {
          removed += 1
        })
      } else removed = await connection.admin.purge(node)
      await out.line(args.flag('json') ? jsonText({ removed }) : `${removed} removed`)
    })
    return 0
  },
}
