/** `sluice tour`: the six patterns, and browse versus consume, on a broker of your choice. */
import { BROKER } from '../../broker/connection-options.ts'
import { openSession } from '../../broker/session.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { brokerArgument } from '../../command/positionals.ts'
import { visible } from '../../print/terminal-text.ts'
import { Stage } from './stage.ts'
import { STOPS } from './stops.ts'

export const tour: Command = {
  usage: '[options] [ URL ]',
  description:
    'Walk through the six messaging patterns, and browse versus consume, on the embedded broker in memory or on the broker given. What it makes there has names of its own and is deleted at the end.',
  options: [{ ...BROKER, help: 'the same as URL' }],
  examples: [
    ['sluice tour', 'needs no broker'],
    ['sluice tour rabbitmq://localhost', 'the same on RabbitMQ'],
  ],
  async run(context) {
    const broker = brokerArgument(context.args) ?? 'memory:'
    await withSession(context, { broker, closeOnAbort: true }, async ({ connection, library }) => {
      const { product, version } = connection.broker ?? { product: connection.adapter, version: '' }
      const host = visible(`${product} ${version}`).trimEnd()
      await context.out.line(`A tour on ${host} (${connection.adapter})`)
      const again = async (): Promise<typeof connection> =>
        (await openSession(context, { broker })).connection
      const stage = new Stage(connection, library, context.out, again)
      try {
        for (const stop of STOPS) await stage.visit(stop)
      } finally {
        await stage.clear()
      }
      await context.out.line(
        '\nThe same program runs on rabbitmq:// qpid:// redis:// zmq:// file: and memory: — only the URL changes.',
      )
    })
    return 0
  },
}
