/** `sluice request`: asks a service and prints its answer. */
import type { Readable } from 'node:stream'
import { BROKER, TRACE } from '../../broker/connection-options.ts'
import { serviceOf } from '../../broker/service-address.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { flag, list, number, text } from '../../command/option.ts'
import { addressArgument } from '../../command/positionals.ts'
import { PRINTING } from '../drain/options.ts'
import { rendererFor } from '../drain/renderer.ts'
import { propertiesOf } from '../spout/content.ts'

export const request: Command = {
  usage: '[options] SERVICE [ CONTENT ... ]',
  description:
    'Send a request and print the response. The words after the service are the body, joined by blanks. Fails when nobody answers in time, or when the responder failed.',
  options: [
    BROKER,
    number('-t, --timeout SECONDS', 'how long to wait for the answer', { fallback: 30, least: 0 }),
    text('-S, --subject SUBJECT', 'subject of the request'),
    list('-P, --property NAME=VALUE', 'a property of the request; may be repeated'),
    text('--content-type TYPE', 'media type of the body', { fallback: 'text/plain' }),
    flag('--content-stdin', 'the standard input is the body'),
    TRACE,
    ...PRINTING,
  ],
  examples: [
    ['sluice request -b rabbitmq://localhost quotes ACME', 'ask, and print the body of the answer'],
    ['sluice request fibonacci 30 --json', 'the whole answer as JSON'],
    [
      'sluice request resize --content-stdin --content-type image/png < in.png > out.png',
      'bytes in, bytes out, and a line feed',
    ],
  ],
  async run(context) {
    const { args, signal } = context
    const service = addressArgument(args.positionals[0], 'the name of the service')
    const words = args.positionals.slice(1)
    if (args.flag('content-stdin') && words.length > 0)
      throw new UsageError('CONTENT and --content-stdin cannot be given together')
    const render = await rendererFor(context, '%(C)s')
    const body = args.flag('content-stdin') ? await wholeInput(context.input()) : Buffer.from(words.join(' '))
    const subject = args.text('subject')
    await withSession(context, {}, async ({ connection, library, address }) => {
      const response = await connection.request(serviceOf(library, address(service)), body, {
        contentType: args.text('content-type'),
        properties: propertiesOf(args.list('property')),
        timeoutMs: args.number('timeout')! * 1000,
        signal,
        ...(subject !== undefined && { subject }),
      })
      context.out.push(...render(response, connection.adapter))
      await context.out.flush()
    })
    return 0
  },
}

async function wholeInput(input: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(chunk)
  return Buffer.concat(chunks)
}
