/** `sluice compare`: the same work on each broker and on each bare client library, checked and reported. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Report } from '../../compare/index.ts'
import { clientLibrary } from '../../core/client-library.ts'
import { type Command, UsageError } from '../command.ts'
import { jsonText } from '../print/terminal-text.ts'

export const compare: Command = {
  name: 'compare',
  summary: 'compare brokers, and this library with the bare clients, on the same work',
  usage: '[options] URL... | --diff OLD.json NEW.json',
  description:
    'Run each workload through this library and through the bare client library on every broker given, interleaved, check that nothing was lost, and report. An invalid cell carries its reason and no number.',
  options: [
    { name: 'quick', kind: 'flag', help: 'small workloads, under a minute' },
    { name: 'repeats', kind: 'integer', metavar: 'N', fallback: 3, help: 'runs of each cell' },
    { name: 'workloads', kind: 'text', metavar: 'FILE', help: 'workloads from a JSON or YAML file' },
    { name: 'without-bare', kind: 'flag', help: 'leave the bare client libraries out' },
    { name: 'out', kind: 'text', metavar: 'BASE', help: 'write BASE.json, BASE.html, BASE.csv and BASE.md' },
    { name: 'diff', kind: 'flag', help: 'compare two reports; ends with 1 when something got worse' },
    { name: 'json', kind: 'flag', help: 'print the report as JSON' },
  ],
  examples: [
    {
      line: 'sluice compare --quick memory: redis://localhost rabbitmq://localhost',
      what: 'three brokers in a minute',
    },
    {
      line: 'sluice compare --out report rabbitmq://localhost qpid://localhost',
      what: 'with charts in report.html',
    },
    { line: 'sluice compare --diff old.json new.json', what: 'for a pipeline' },
  ],
  async run({ args, out, err, signal }) {
    const engine = await import('../../compare/index.ts')
    if (args.flag('diff')) {
      const [before, after] = args.positionals
      if (before === undefined || after === undefined) throw new UsageError('--diff needs two reports')
      const changes = engine.diff(await report(before), await report(after))
      for (const { cell, regression, text } of changes)
        await out.line(`${regression ? 'WORSE' : 'ok   '}  ${cell}: ${text}`)
      return changes.some(({ regression }) => regression) ? 1 : 0
    }
    if (args.positionals.length === 0) throw new UsageError('a URL is required')
    const repeats = args.number('repeats') ?? 3
    if (repeats < 1) throw new UsageError('--repeats must be at least 1')
    const file = args.text('workloads')
    const quick = args.flag('quick')
    const workloads = file
      ? engine.workloadsFrom(await parsed(file))
      : quick
        ? engine.quickWorkloads()
        : engine.fullWorkloads()
    const result = await engine.compare({
      urls: args.positionals,
      workloads,
      repeats: quick ? Math.min(repeats, 1) : repeats,
      signal,
      withoutBare: args.flag('without-bare'),
      progress: ({ done, total, cell, judgement, throughput }) => {
        void err.line(
          `${done}/${total} ${cell}: ${judgement.verdict} ${Math.round(throughput)} msg/s ${judgement.reasons.join('; ')}`,
        )
      },
    })
    const base = args.text('out')
    if (base !== undefined) {
      await writeFile(`${base}.json`, `${JSON.stringify(result, undefined, 2)}\n`)
      await writeFile(`${base}.csv`, engine.csv(result))
      await writeFile(`${base}.md`, engine.markdown(result))
      await writeFile(`${base}.html`, await engine.html(result))
    }
    await out.line(args.flag('json') ? jsonText(result) : engine.terminalTable(result).trimEnd())
    return result.cells.some(({ verdict }) => verdict === 'INVALID') ? 1 : 0
  },
}

async function report(path: string): Promise<Report> {
  return JSON.parse(await readFile(path, 'utf8')) as Report
}

async function parsed(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8')
  if (path.endsWith('.json')) return JSON.parse(text)
  const { parse } = await clientLibrary('yaml', () => import('yaml'))
  return parse(text)
}
