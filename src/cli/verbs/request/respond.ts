/** `sluice respond`: answers requests by a command's output. */
import { spawn } from 'node:child_process'
import { aborted } from '../../../core/time/waiting.ts'
import type { Delivery, TraceCarrier } from '../../../index.ts'
import { BROKER, TRACE } from '../../broker/connection-options.ts'
import { serviceOf } from '../../broker/service-address.ts'
import { log } from '../../broker/session.ts'
import { withSession } from '../../broker/with-session.ts'
import type { Command } from '../../command/command.ts'
import { UsageError } from '../../command/errors.ts'
import { flag, integer, text } from '../../command/option.ts'
import { addressArgument, expectOnly } from '../../command/positionals.ts'
import { decodeOrUndefined, visible } from '../../print/terminal-text.ts'

/** What a command may write for one answer. Unit: bytes. */
const MAX_ANSWER = 64 * 1024 * 1024
/** Of what it wrote to its standard error, the end goes to the asker. Unit: bytes. */
const MAX_COMPLAINT = 4096

export const respond: Command = {
  usage: '[options] SERVICE',
  description:
    'Answer requests until Ctrl-C. With --exec each request runs the command in a shell: the body to its standard input, its standard output back; an exit code other than 0 is an error for the asker, with what the command wrote to its standard error. The command finds SLUICE_SUBJECT, SLUICE_MESSAGE_ID and SLUICE_CONTENT_TYPE in its environment, and TRACEPARENT where the request belongs to a trace.',
  options: [
    BROKER,
    text('-e, --exec COMMAND', 'run this for each request'),
    flag('--echo', 'answer with the body of the request'),
    integer('-n, --concurrency N', 'requests answered at once', { fallback: 1, least: 1 }),
    integer('-c, --count COUNT', 'stop after this many answers; 0: no limit', { fallback: 0, least: 0 }),
    flag('-v, --verbose', 'tell of each request on stderr'),
    TRACE,
  ],
  examples: [
    ["sluice respond -b rabbitmq://localhost upper --exec 'tr a-z A-Z'", 'a service from a shell command'],
    ['sluice respond -n 8 resize --exec "convert - -resize 50% png:-"', 'eight at once'],
    ['sluice respond ping --echo', 'to see that requests arrive'],
  ],
  async run(context) {
    const { args, signal } = context
    expectOnly(args, 'SERVICE')
    const service = addressArgument(args.positionals[0], 'the name of the service')
    const command = args.text('exec')
    if ((command === undefined) === !args.flag('echo'))
      throw new UsageError('one of --exec and --echo is required')
    const limit = args.number('count') || Infinity
    await withSession(context, { reconnect: 'always' }, async ({ connection, library, address }) => {
      let answered = 0
      const enough = new AbortController()
      const stop = AbortSignal.any([signal, enough.signal])
      const responder = await connection.respond(
        serviceOf(library, address(service)),
        async (request) => {
          const answer =
            command === undefined
              ? Buffer.from(request.bytes)
              : await runCommand(command, request, library.traceCarrierOf(request))
          answered += 1
          if (args.flag('verbose'))
            await log(context, 'DEBUG', `answered ${request.id} (${answer.byteLength} bytes)`)
          if (answered >= limit) enough.abort()
          // Text where it is text, so that the asker reads a string.
          return decodeOrUndefined(answer) ?? answer
        },
        { concurrency: args.number('concurrency') ?? 1 },
      )
      await context.err.line(`answering on ${visible(address(service))}`)
      await aborted(stop)
      await responder.close()
    })
    return 0
  },
}

function runCommand(
  command: string,
  request: Delivery<unknown>,
  trace: TraceCarrier | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        SLUICE_SUBJECT: request.subject ?? '',
        SLUICE_MESSAGE_ID: request.id,
        SLUICE_CONTENT_TYPE: request.contentType ?? '',
        ...(trace?.traceparent !== undefined && { TRACEPARENT: trace.traceparent }),
      },
    })
    const answer: Buffer[] = []
    let size = 0
    let complaint = ''
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_ANSWER) child.kill()
      else answer.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-MAX_COMPLAINT)
    })
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      if (size > MAX_ANSWER) reject(new Error(`the answer is larger than ${MAX_ANSWER} bytes`))
      else if (code === 0) resolve(Buffer.concat(answer))
      else reject(new Error(complaint.trim() || `the command ended with ${killedBy ?? `exit code ${code}`}`))
    })
    // A command that does not read its input closes the pipe; its exit code decides.
    child.stdin.on('error', () => {})
    child.stdin.end(request.bytes)
  })
}
