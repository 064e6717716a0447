/** `sluice relay`: hands on what programs wrote to their outbox. */

import { clientLibrary } from '../../core/connecting/client-library.ts'
import { pause } from '../../core/time/waiting.ts'
import type { Relay, RelayStatus } from '../../outbox/index.ts'
import { CLOSE_MS, openSession } from '../broker/session.ts'
import type { Command, Context } from '../command/command.ts'
import { CommandError, UsageError } from '../command/errors.ts'
import { flag, integer, number } from '../command/option.ts'
import { Progress, progressText } from '../print/progress.ts'
import { jsonText, visible } from '../print/terminal-text.ts'

/** Between two looks whether all is handed on. Unit: ms. */
const LOOK_MS = 200

export const relay: Command = {
  usage: '[options] DATABASE [BROKER]',
  description:
    'Hand the messages that programs wrote to the outbox of DATABASE (postgres://…) to BROKER, in order for each node, until Ctrl-C. A message leaves the table when the broker has confirmed it; killed in between it goes again with the same id. Several relays may work on one table. What the broker refuses for now stays and is tried again; what can never be sent is put aside with its error. Both ends may go away and come back.',
  options: [
    flag('--init', 'make the tables in DATABASE, and end; safe to repeat'),
    flag('--sql', 'print the SQL that makes the tables, and end'),
    flag('--once', 'end when nothing waits any more'),
    integer('--batch N', 'messages of one node on their way at once', { fallback: 500, least: 1 }),
    number('--poll SECONDS', 'longest until it looks without being woken', { fallback: 1 }),
    flag('-q, --quiet', 'no counts on stderr'),
    flag('--json', 'print the final counts as JSON'),
  ],
  examples: [
    ['sluice relay --sql > outbox.sql', 'the tables, for a migration'],
    ['sluice relay --init postgres://localhost/shop', 'or made at once'],
    ['sluice relay postgres://localhost/shop rabbitmq://localhost', 'run it beside the program'],
    ['sluice relay --once postgres://localhost/shop redis://localhost', 'what is there, then end'],
  ],
  async run(context) {
    const { args, out } = context
    const { SCHEMA_SQL, relay: start } = await import('../../outbox/index.ts')
    const [url, broker, ...more] = args.positionals
    if (args.flag('sql')) {
      if (url !== undefined) throw new UsageError('--sql takes no arguments')
      out.push(SCHEMA_SQL)
      await out.flush()
      return 0
    }
    if (url === undefined || more.length > 0) throw new UsageError('DATABASE and BROKER are required')
    if (!/^postgres(ql)?:\/\//.test(url)) throw new UsageError('DATABASE is no postgres:// URL')
    const { default: pg } = await clientLibrary('pg', () => import('pg'))
    const pool = new pg.Pool({
      connectionString: url,
      connectionTimeoutMillis: 10_000,
      application_name: 'sluice relay',
    })
    pool.on('error', () => {})
    try {
      if (args.flag('init')) {
        await ofDatabase(() => pool.query(SCHEMA_SQL))
        return 0
      }
      if (broker === undefined) throw new UsageError('DATABASE and BROKER are required')
      if (!(args.number('poll')! > 0)) throw new UsageError('option --poll: not above 0')
      await ofDatabase(() => pool.query('SELECT FROM sluice_outbox LIMIT 1'))
      await using session = await openSession(context, { broker, reconnect: 'always' })
      const running = start({
        pool,
        connection: session.connection,
        batch: args.number('batch'),
        pollMs: args.number('poll')! * 1_000,
        onStatus: (status) => tell(context, status),
      })
      if (!args.flag('quiet')) await context.err.line(`handing on to ${session.connection.adapter}`)
      await work(context, running)
      return 0
    } finally {
      await pool.end()
    }
  },
}

async function work({ args, err, out, signal }: Context, running: Relay): Promise<void> {
  const shows = !args.flag('quiet')
  const begun = performance.now()
  const describe = (count: number): string => `${count} handed on`
  const progress = shows ? new Progress(err, { count: () => running.handedOn, describe }) : undefined
  try {
    while (!signal.aborted) {
      await pause(LOOK_MS, signal)
      if (args.flag('once') && (await ofDatabase(() => running.backlog())).waiting === 0) break
    }
  } finally {
    await running.close({ timeoutMs: CLOSE_MS })
    await progress?.end()
  }
  const count = running.handedOn
  const seconds = Math.max((performance.now() - begun) / 1000, 0.001)
  if (shows) await err.line(progressText(describe(count), count, count / seconds))
  if (args.flag('json')) {
    const { waiting, aside, oldestMs } = await ofDatabase(() => running.backlog())
    await out.line(jsonText({ handedOn: count, waiting, aside, oldestMs }))
  }
}

/** What a person must know; the counts have their own line. */
function tell({ err }: Context, status: RelayStatus): void {
  const text = textOf(status)
  if (text === undefined) return
  err.push(`${text}\n`)
  // What cannot be told must not end the work.
  err.flush().catch(() => {})
}

function textOf(status: RelayStatus): string | undefined {
  switch (status.type) {
    case 'held':
      return `held: ${visible(status.place)}: ${status.error.code}: ${visible(status.error.message)}`
    case 'resumed':
      return `goes on: ${visible(status.place)}`
    case 'aside':
      return `put aside: ${visible(status.id)} for ${visible(status.place)}: ${status.error.code}: ${visible(status.error.message)}`
    case 'database-lost':
      return `the database is away: ${visible(messageOf(status.error))}`
    case 'database-back':
      return 'the database is back'
    default:
      return undefined
  }
}

async function ofDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as { code?: unknown }
    const hint =
      code === '42P01'
        ? 'Make the tables first: sluice relay --init DATABASE.'
        : 'Check host, port, name, user and password of DATABASE.'
    throw new CommandError(`the database: ${visible(messageOf(error))}`, hint)
  }
}

/** Of several addresses that were tried, the errors are in a list. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
