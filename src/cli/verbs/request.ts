/** `sluice request`: asks a service and prints its answer. */
import type { Readable } from 'node:stream'
import { BROKER, TRACE } from '../broker/connection-options.ts'
import { serviceOf } from '../broker/service-address.ts'
import { withSession } from '../broker/with-session.ts'
import type { Command } from '../command/command.ts'
import { addressArgument } from '../command/positionals.ts'
import { PRINTING } from '../drain/options.ts'
import { rendererFor } from '../drain/renderer.ts'
import { UsageError } from '../errors.ts'
import { propertiesOf } from '../spout/content.ts'

export const request: Command = {
  usage: '[options] SERVICE [ CONTENT ... ]',
  description:
    'Send a request and print the response. The words after the service are the body, joined by blanks. Fails when nobody answers in time, or when the responder failed.',
  options: [
    BROKER,
    {
      name: 'timeout',
      short: 't',
      kind: 'number',
      metavar: 'SECONDS',
      fallback: 30,
      help: 'how long to wait for the answer',
    },
    { name: 'subject', short: 'S', kind: 'text', help: 'subject of the request' },
    {
      name: 'property',
      short: 'P',
      kind: 'list',
      metavar: 'NAME=VALUE',
      help: 'a property of the request; may be repeated',
    },
    {
      name: 'content-type',
      kind: 'text',
      metavar: 'TYPE',
      fallback: 'text/plain',
      help: 'media type of the body',
    },
    { name: 'content-stdin', kind: 'flag', help: 'the standard input is the body' },
    TRACE,
    ...PRINTING,
  ],
  examples: [
    {
      line: 'sluice request -b rabbitmq://localhost quotes ACME',
      what: 'ask, and print the body of the answer',
    },
    { line: 'sluice request fibonacci 30 --json', what: 'the whole answer as JSON' },
    {
      line: 'sluice request resize --content-stdin --content-type image/png < in.png > out.png',
      what: 'bytes in, bytes out, and a line feed',
    },
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
