/** `sluice compare`: the same work on each broker and on each bare client library, checked and reported. */
import { readFile, writeFile } from 'node:fs/promises'
import type { CompareOptions, Report, Workload } from '../../compare/index.ts'
import type { Arguments } from '../command/arguments.ts'
import type { Command, Context } from '../command/command.ts'
import { CommandError, UsageError } from '../command/errors.ts'
import { flag, integer, list, number, text } from '../command/option.ts'
import { jsonText, visible, visibleLines } from '../print/terminal-text.ts'

type Engine = typeof import('../../compare/index.ts')

/** `--quick` cuts runs short to keep this for each broker. Unit: ms. */
const QUICK_MS = 18_000
const REPEATS = 5

export const compare: Command = {
  usage: '[options] URL... | --diff OLD.json NEW.json | --render REPORT.json',
  description:
    'Run each workload through this library and through the bare client library on every broker given, interleaved, check that nothing was lost, and report. An invalid cell carries its reason and no number. Ends with 1 when a cell is invalid.',
  options: [
    list('-b, --broker URL', 'another URL; may be repeated'),
    flag('--quick', 'one run of each, just long enough for a steady rate: under a minute for three brokers'),
    integer('--repeats N', `runs of each cell; default ${REPEATS}, with --quick 1`),
    text('--workloads FILE', 'workloads from a JSON or YAML file'),
    list('--only NAME', 'only this workload, or all of this pattern; repeatable'),
    number('--timeout SECONDS', 'longest run of one cell', { fallback: 60 }),
    flag('--apart', 'sender and receiver in separate processes'),
    flag('--without-bare', 'leave the bare client libraries out'),
    text('--out BASE', 'write BASE.json, BASE.html, BASE.csv and BASE.md'),
    flag('--diff', 'compare two reports; ends with 1 when something got worse'),
    number('--least-throughput SHARE', 'with --diff: below this share of the old throughput it is worse', {
      fallback: 0.9,
    }),
    number('--most-latency TIMES', 'with --diff: above this multiple of the old median latency it is worse', {
      fallback: 1.25,
    }),
    flag('--render', 'show a report again, and with --out write its other forms'),
    flag('--json', 'print the report, or the differences, as JSON'),
  ],
  examples: [
    ['sluice compare --quick memory: redis://localhost rabbitmq://localhost', 'three brokers in a minute'],
    ['sluice compare --out report rabbitmq://localhost qpid://localhost', 'with charts in report.html'],
    ['sluice compare --diff old.json new.json', 'for a pipeline'],
  ],
  async run(context) {
    const engine = await import('../../compare/index.ts')
    if (context.args.flag('diff')) return printDiff(engine, context)
    const report = context.args.flag('render')
      ? await readReport(engine, only(context.args.positionals, 1, '--render')[0]!)
      : await measure(engine, context)
    await writeFiles(engine, report, context.args.text('out'))
    const { args, out } = context
    await out.line(
      args.flag('json') ? jsonText(report) : visibleLines(engine.terminalTable(report).trimEnd()),
    )
    return report.cells.some((cell) => cell.verdict === 'INVALID' && !cutShort(report, cell)) ? 1 : 0
  },
}

/** Ctrl-C is no verdict on a broker. */
function cutShort({ interrupted }: Report, { reasons }: Report['cells'][number]): boolean {
  return interrupted && reasons.some((reason) => reason.endsWith('interrupted'))
}

async function measure(engine: Engine, { args, err, signal }: Context): Promise<Report> {
  const urls = [...args.positionals, ...args.list('broker')]
  if (urls.length === 0) throw new UsageError('a URL is required')
  const quick = args.flag('quick')
  const repeats = args.number('repeats') ?? (quick ? 1 : REPEATS)
  if (repeats < 1) throw new UsageError('--repeats must be at least 1')
  const timeoutMs = args.number('timeout')! * 1000
  if (!(timeoutMs > 0)) throw new UsageError('--timeout must be more than 0')
  const progress: CompareOptions['progress'] = ({ done, total, cell, judgement, throughput }) => {
    const { verdict, reasons } = judgement
    const figure = verdict === 'INVALID' ? '' : ` ${Math.round(throughput)} msg/s`
    void err
      .line(visible(`${done}/${total} ${cell}: ${[`${verdict}${figure}`, ...reasons].join('; ')}`))
      .catch(() => {})
  }
  return engine.compare({
    urls,
    workloads: await workloadsOf(engine, args),
    repeats,
    signal,
    timeoutMs,
    budgetMs: quick ? QUICK_MS * urls.length * repeats : undefined,
    apart: args.flag('apart'),
    withoutBare: args.flag('without-bare'),
    progress,
  })
}

async function workloadsOf(engine: Engine, args: Arguments): Promise<Workload[]> {
  const file = args.text('workloads')
  const preset = args.flag('quick') ? engine.quickWorkloads() : engine.fullWorkloads()
  const workloads = file === undefined ? preset : engine.workloadsFrom(await parsed(file))
  const wanted = args.list('only')
  if (wanted.length === 0) return workloads
  const known = new Set(workloads.flatMap(({ name, pattern }) => [name, pattern]))
  for (const name of wanted)
    if (!known.has(name)) throw new UsageError(`--only ${name}: there are ${[...known].join(', ')}`)
  return workloads.filter(({ name, pattern }) => wanted.includes(name) || wanted.includes(pattern))
}

async function printDiff(engine: Engine, { args, out }: Context): Promise<number> {
  const [before, after] = only(args.positionals, 2, '--diff')
  const changes = engine.diff(await readReport(engine, before!), await readReport(engine, after!), {
    leastThroughput: args.number('least-throughput'),
    mostLatency: args.number('most-latency'),
  })
  if (args.flag('json')) await out.line(jsonText(changes))
  else
    for (const { cell, regression, text } of changes)
      await out.line(visible(`${regression ? 'WORSE' : 'ok   '}  ${cell}: ${text}`))
  return changes.some(({ regression }) => regression) ? 1 : 0
}

async function writeFiles(engine: Engine, report: Report, base: string | undefined): Promise<void> {
  if (base === undefined) return
  // The data first: what cannot be drawn is not lost.
  await writeFile(`${base}.json`, `${JSON.stringify(report, undefined, 1)}\n`)
  await writeFile(`${base}.csv`, engine.csv(report))
  await writeFile(`${base}.md`, engine.markdown(report))
  await writeFile(`${base}.html`, await engine.html(report))
}

function only(files: readonly string[], count: number, option: string): readonly string[] {
  if (files.length !== count)
    throw new UsageError(`${option} needs ${count === 1 ? 'a report' : 'two reports'}`)
  return files
}

async function readReport(engine: Engine, path: string): Promise<Report> {
  return engine.checkReport((await parsed(path)) as Report)
}

async function parsed(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}`)
  }
  const { clientLibrary } = await import('../../core/connecting/client-library.ts')
  const yaml = path.endsWith('.json') ? undefined : await clientLibrary('yaml', () => import('yaml'))
  try {
    return yaml ? yaml.parse(text) : JSON.parse(text)
  } catch (error) {
    throw new CommandError(`${path} is not what its name says: ${(error as Error).message}`)
  }
}
