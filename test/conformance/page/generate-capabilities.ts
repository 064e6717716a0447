/**
 * Writes docs/capabilities.md and the README's table from the reports of real runs (reports/conformance/*.json).
 *
 *   npm run docs:capabilities               write both
 *   npm run docs:capabilities -- --check    fail when they are not what the reports say
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConformanceReport } from '../suite/index.ts'
import { capabilitiesPage, matrix } from './capabilities-page.ts'

const REPORTS = 'reports/conformance'
const PAGE = 'docs/capabilities.md'
const README = 'README.md'
const MARKED = /(<!-- capabilities:start -->).*(<!-- capabilities:end -->)/s
/**
 * A Cluster is a single Redis to its users; its run has only the chapters where keys may be far apart. ZeroMQ over a
 * socket file meets the same hub.
 */
const LEFT_OUT = ['redis-cluster.json', 'zeromq-ipc.json']

async function main(arguments_: readonly string[]): Promise<number> {
  const unknown = arguments_.find((one) => one !== '--check')
  if (unknown !== undefined) {
    process.stderr.write(`unknown argument: ${unknown}\n`)
    return 2
  }
  const names = (await readdir(REPORTS).catch(() => []))
    .filter((name) => name.endsWith('.json') && !LEFT_OUT.includes(name))
    .sort()
  if (names.length === 0) {
    process.stderr.write(`no reports in ${REPORTS}: run the conformance suite first (npm test)\n`)
    return 1
  }
  const reports = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(REPORTS, name), 'utf8')) as ConformanceReport),
  )
  const readme = await readFile(README, 'utf8')
  const wanted = new Map([
    [PAGE, capabilitiesPage(reports)],
    [README, readme.replace(MARKED, (_, begin, end) => `${begin}\n${matrix(reports)}\n${end}`)],
  ])
  let wrong = false
  for (const [path, text] of wanted) {
    if (!arguments_.includes('--check')) await writeFile(path, text)
    else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${path} is not what the reports say: run npm run docs:capabilities\n`)
      wrong = true
    }
  }
  return wrong ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
