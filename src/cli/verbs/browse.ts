/** `sluice browse`: shows what waits, and leaves it there. */
import { BROKER } from '../broker/connection-options.ts'
import { withSession } from '../broker/with-session.ts'
import type { Command } from '../command/command.ts'
import { flag } from '../command/option.ts'
import { addressArgument, expectOnly } from '../command/positionals.ts'
import { Stream } from '../print/stream.ts'
import { COUNT, PRINTING } from './drain/options.ts'
import { rendererFor } from './drain/renderer.ts'

export const browse: Command = {
  usage: '[options] ADDRESS',
  description:
    'Print each message that waits at the address, in order, and change nothing. Ends at the end of the queue. Where a broker has no such operation, sluice doctor tells what the imitation does.',
  options: [BROKER, COUNT, flag('-f, --follow', 'go on with new arrivals'), ...PRINTING],
  examples: [
    ['sluice browse -b rabbitmq://localhost orders', 'everything that waits in the queue'],
    ['sluice browse orders --json | head -3', 'the first three, as JSON'],
    ["sluice browse orders -p '%(M.id)s %(len(C))d'", 'ids and sizes'],
  ],
  async run(context) {
    const { args, signal } = context
    expectOnly(args, 'ADDRESS')
    const address = addressArgument(args.positionals[0])
    const render = await rendererFor(context)
    const limit = args.number('count') || Infinity
    await withSession(context, {}, async ({ connection, address: resolve }) => {
      const stream = new Stream(context.out)
      const messages = connection.browse(resolve(address), { follow: args.flag('follow'), signal })
      let count = 0
      for await (const message of messages) {
        await stream.push(render(message, connection.adapter))
        count += 1
        if (count >= limit) break
      }
      await stream.end()
    })
    return 0
  },
}
