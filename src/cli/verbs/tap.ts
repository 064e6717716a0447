/** `sluice tap`: watches a topic. */
import { BROKER, TRACE } from '../broker/connection-options.ts'
import { withSession } from '../broker/with-session.ts'
import type { Command } from '../command/command.ts'
import { flag, number } from '../command/option.ts'
import { addressArgument } from '../command/positionals.ts'
import { Stream } from '../print/stream.ts'
import { visible } from '../print/terminal-text.ts'
import { COUNT, PRINTING } from './drain/options.ts'
import { rendererFor } from './drain/renderer.ts'

export const tap: Command = {
  usage: '[options] TOPIC [ PATTERN ... ]',
  description:
    'Print each message published on the topic from now on whose subject fits one of the patterns (all of them without a pattern): words separated by dots, * is one word, # any number. Nobody else gets less by it. Ends on Ctrl-C.',
  options: [
    BROKER,
    COUNT,
    number('-t, --timeout SECONDS', 'stop when there is none for this long', { least: 0 }),
    flag('--create', 'make the topic if it is missing'),
    TRACE,
    ...PRINTING,
  ],
  examples: [
    ["sluice tap -b redis://localhost news '#.weather' 'us.*'", 'two patterns'],
    ["sluice tap news -p '%(M.subject)s  %(C)s'", 'subjects and contents'],
  ],
  async run(context) {
    const { args, signal } = context
    const name = addressArgument(args.positionals[0], 'the name of the topic')
    const patterns = args.positionals.slice(1)
    const render = await rendererFor(context)
    const limit = args.number('count') || Infinity
    const seconds = args.number('timeout')
    await withSession(context, { reconnect: 'always' }, async ({ connection, library, address }) => {
      const { name: node } = library.parseAddress(address(name))
      const topic = library.topic(node, { create: args.flag('create') ? 'always' : 'never' })
      const receiver = await connection.receiver(topic.matching(...(patterns.length > 0 ? patterns : ['#'])))
      await context.err.line(`watching ${visible(node)}`)
      const stream = new Stream(context.out)
      for (let count = 0; count < limit; count++) {
        const delivery = await receiver.receive({
          signal,
          ...(seconds !== undefined && { timeoutMs: seconds * 1000 }),
        })
        if (!delivery) break
        await stream.push(render(delivery, connection.adapter))
        await delivery.accept()
      }
      await stream.end()
    })
    return 0
  },
}
