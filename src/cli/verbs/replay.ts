/** `sluice replay`: sends dead letters back to where they came from. */
import type { ReplayProgress, ReplayReport } from '../../index.ts'
import { chosenLetters } from '../../tools/replay/chosen-letters.ts'
import { BROKER } from '../broker/connection-options.ts'
import { withSession } from '../broker/with-session.ts'
import type { Command, Context } from '../command/command.ts'
import { flag, integer, text } from '../command/option.ts'
import { addressArgument, expectOnly } from '../command/positionals.ts'
import { Progress } from '../print/progress.ts'
import { tableLines } from '../print/table.ts'
import { jsonText, visible } from '../print/terminal-text.ts'

const COLUMNS = [
  { title: 'CHOSEN', align: 'right' },
  { title: 'ORIGIN' },
  { title: 'REASON' },
  { title: 'ERROR' },
] as const

export const replay: Command = {
  usage: '[options] ADDRESS',
  description:
    'Go through the dead letters of ADDRESS and send the chosen ones back, each to the node it came from, in their order; the others stay where they are. What goes back is the message as it was, with a fresh count of deliveries. It is taken out when its target has confirmed it: killed in between and begun again, some may go twice, with the same id, none is lost. Prints what was chosen, by reason. Ends with 1 when a target refused its messages; those stay.',
  options: [
    BROKER,
    text('--reason TEXT', 'only those with exactly this reason'),
    text('--origin ADDRESS', 'only those that came from there'),
    text('--error TEXT', 'only those whose error holds this text'),
    text(
      '-w, --where CONDITION',
      'only those that fit, in the language of drain -p: \'P["attempts"] > 3 and M.subject ~ "us."\'',
    ),
    text('--to ADDRESS', 'send them there instead'),
    flag('-n, --dry-run', 'tell what would go, and send nothing'),
    integer('-c, --limit LIMIT', 'stop after so many; 0: no limit', { fallback: 0, least: 0 }),
    flag('-q, --quiet', 'no counts on stderr'),
    flag('--json', 'print the report as JSON'),
  ],
  examples: [
    ['sluice replay -b rabbitmq://localhost orders.failed --dry-run', 'why they died, and how many'],
    ["sluice replay orders.failed --reason 'no stock'", 'back to where they came from'],
    ["sluice replay orders.failed --error TypeError --to 'orders' -c 100", 'the first hundred, elsewhere'],
    ["sluice replay orders.failed -w 'M.priority > 6'", 'what is urgent'],
  ],
  async run(context) {
    const { args } = context
    expectOnly(args, 'ADDRESS')
    const source = addressArgument(args.positionals[0])
    const limit = args.number('limit')!
    const where = chosenLetters({
      reason: args.text('reason'),
      origin: args.text('origin'),
      error: args.text('error'),
      where: args.text('where'),
    })
    const to = args.text('to')
    return withSession(context, {}, async ({ connection, library, address }) => {
      const { name } = library.parseAddress(address(source))
      const found = await connection.admin.inspect(library.formatAddress({ name })).catch(() => undefined)
      const report = await withProgress(context, found?.depth, (onProgress) =>
        connection.replay(address(source), {
          where,
          to: to === undefined ? 'origin' : address(to),
          dryRun: args.flag('dry-run'),
          ...(limit > 0 && { limit }),
          signal: context.signal,
          onProgress,
        }),
      )
      if (report === undefined) return 0
      await print(context, report)
      return report.refused.length > 0 ? 1 : 0
    })
  },
}

/** Counts for people while it runs; `undefined` after Ctrl-C. */
async function withProgress(
  { args, err, signal }: Context,
  total: number | undefined,
  work: (onProgress: (progress: ReplayProgress) => void) => Promise<ReplayReport>,
): Promise<ReplayReport | undefined> {
  let now: ReplayProgress = { looked: 0, matched: 0, replayed: 0 }
  const describe = (looked: number): string =>
    `${looked} looked at, ${now.matched} chosen, ${now.replayed} sent back`
  const progress = args.flag('quiet')
    ? undefined
    : new Progress(err, { count: () => now.looked, describe, total })
  try {
    return await work((next) => {
      now = next
    })
  } catch (error) {
    if (!signal.aborted) throw error
    await progress?.end()
    if (!args.flag('quiet')) await err.line(`stopped: ${describe(now.looked)}`)
    return undefined
  } finally {
    await progress?.end()
  }
}

async function print({ args, out, err }: Context, report: ReplayReport): Promise<void> {
  if (args.flag('json')) {
    await out.line(jsonText(report))
    return
  }
  const rows = report.reasons.map(({ count, origin, reason, error }) => [count, origin, reason, error])
  if (report.otherReasons > 0) rows.push([report.otherReasons, undefined, '(further reasons)', undefined])
  for (const line of rows.length > 0 ? tableLines(COLUMNS, rows) : []) out.push(`${line}\n`)
  await out.flush()
  for (const { to, error, count } of report.refused) {
    const where = to === undefined ? '' : ` to ${visible(to)}`
    await err.line(
      `${count} stayed${where}: ${error.code}: ${visible(error.message)}\n  ${visible(error.hint)}`,
    )
  }
  if (args.flag('quiet')) return
  const { looked, matched, replayed } = report
  const done = args.flag('dry-run') ? 'nothing sent' : `${replayed} sent back`
  await err.line(`${looked} looked at, ${matched} chosen, ${done}`)
}
