/** `sluice doctor`: what is there, what works, and the cure for what does not. */
import type { Feature } from '../../../index.ts'
import { jsonable } from '../../../tools/message/jsonable.ts'
import { BROKER } from '../../broker/connection-options.ts'
import { brokerOf, openSession, type Session } from '../../broker/session.ts'
import type { Command, Context } from '../../command/command.ts'
import { CommandError } from '../../command/errors.ts'
import { flag, text } from '../../command/option.ts'
import { brokerArgument } from '../../command/positionals.ts'
import { styleFor } from '../../print/style.ts'
import { pairLines } from '../../print/table.ts'
import { jsonText, visible } from '../../print/terminal-text.ts'
import { likelyCause } from './causes.ts'
import { examine, type Finding } from './examination.ts'
import { rescue } from './rescue.ts'

export const doctor: Command = {
  usage: '[options] [ URL ]',
  description:
    'Connect, run a few real round trips on throw-away nodes, clean up, and print what this broker can do. Ends with 1 when something failed. A damaged store: sluice doctor file:DIR --rescue NEWDIR.',
  options: [
    BROKER,
    flag('--json', 'print as JSON, in one line'),
    text(
      '--rescue NEWDIR',
      'of a damaged store (file:DIR): write what can be read of it into a new one; DIR is left as it is',
    ),
  ],
  examples: [
    ['sluice doctor rabbitmq://localhost', 'a broker by URL'],
    ['sluice doctor redis://localhost --json', 'for programs'],
  ],
  async run(context) {
    const { args } = context
    const broker = brokerArgument(args)
    if (args.has('rescue')) return await rescue(context, broker)
    await using session = await connectOrExplain(context, broker)
    const report = args.flag('json') ? reportJson : reportText
    return await report(context, session, broker)
  },
}

/** A failed connection is a finding: the likely cause goes with it. */
async function connectOrExplain(context: Context, broker: string | undefined): Promise<Session> {
  try {
    return await openSession(context, broker === undefined ? {} : { broker })
  } catch (error) {
    const library = await import('../../../index.ts')
    if (!library.isMessagingError(error, 'CONNECT_FAILED')) throw error
    const { url } = await library.resolveConfiguration(await brokerOf(context, library, broker))
    const cause = await likelyCause(Array.isArray(url) ? url[0] : url, error.message)
    throw new CommandError(`${error.code}: ${error.message}`, cause ?? error.hint)
  }
}

async function reportText(context: Context, session: Session, broker: string | undefined): Promise<number> {
  const { out } = context
  const { connection, library } = session
  const { bold, green, red, yellow, dim } = styleFor(out)
  const facts = await connectionFacts(context, session, broker)
  await out.line(pairLines(Object.entries(facts)).join('\n'))
  const notes = connection.broker?.notes ?? []
  if (notes.length > 0) await out.line(`\n${bold('Its settings')}`)
  for (const note of notes) await out.line(`  ${visible(note)}`)
  await out.line(`\n${bold('Round trips')}`)
  const findings = await examine(connection, library, context.signal, async (finding) => {
    const mark = { ok: green('ok'), failed: red('failed'), 'left out': yellow('left out') }[finding.result]
    await out.line(
      `  ${finding.title.padEnd(40)} ${mark}${finding.result === 'ok' ? dim(` ${finding.ms.toFixed(1)} ms`) : ''}`,
    )
    if (finding.detail !== undefined) {
      await out.line(
        `      ${visible(finding.code === undefined ? finding.detail : `${finding.code}: ${finding.detail}`)}`,
      )
    }
    if (finding.cure !== undefined) await out.line(`      ${visible(finding.cure)}`)
  })
  await out.line(`\n${bold('What it can do')}`)
  const { features, limits, tiers } = connection.capabilities
  const width = Math.max(...Object.values(library.FEATURES).map((text) => text.length))
  for (const [feature, text] of Object.entries(library.FEATURES)) {
    const { level, note } = features[feature as Feature]
    const mark = { native: green, emulated: yellow, unsupported: red }[level](level.padEnd(11))
    await out.line(`  ${text.padEnd(width)} ${mark}${note === undefined ? '' : dim(` ${visible(note)}`)}`)
  }
  await out.line(`\n${bold('Limits')}`)
  await out.line(pairLines(Object.entries(limits).map(([name, value]) => [`  ${name}`, value])).join('\n'))
  await out.line(
    `\n${bold('Guarantees')}  T0 best effort, T1 lost connection, T2 killed broker, T3 power loss`,
  )
  await out.line(pairLines(Object.entries(tiers).map(([name, value]) => [`  ${name}`, value])).join('\n'))
  return exitCode(findings)
}

async function reportJson(context: Context, session: Session, broker: string | undefined): Promise<number> {
  const { connection, library } = session
  const facts = await connectionFacts(context, session, broker)
  const findings = await examine(connection, library, context.signal, async () => {})
  const { features, limits, tiers } = connection.capabilities
  const document = {
    ...facts,
    notes: connection.broker?.notes ?? [],
    checks: findings,
    features,
    limits,
    tiers,
  }
  await context.out.line(jsonText(jsonable(document)))
  return exitCode(findings)
}

async function connectionFacts(
  context: Context,
  { connection, library }: Session,
  broker: string | undefined,
) {
  const options = await library.resolveConfiguration(await brokerOf(context, library, broker))
  const url = Array.isArray(options.url) ? options.url[0] : options.url
  const scheme = /^[a-z0-9+]+/i.exec(url)?.[0] ?? ''
  const user = /:\/\/([^:@/]*)(?::[^@/]*)?@/.exec(url)?.[1]
  return {
    broker: `${connection.broker?.product} ${connection.broker?.version}`,
    adapter: connection.adapter,
    url: library.redact(url),
    tls: /^(rabbitmqs|amqps|qpids|amqp10s|rediss)$/i.test(scheme) ? 'yes' : 'no',
    user: user ? decodeURIComponent(user) : undefined,
  }
}

function exitCode(findings: readonly Finding[]): number {
  return findings.some(({ result }) => result === 'failed') ? 1 : 0
}
