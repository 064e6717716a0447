/**
 * Writes docs/capabilities.md from the reports of real runs (reports/conformance/*.json).
 *
 *   tsx test/conformance/generate-capabilities.ts            write the page
 *   tsx test/conformance/generate-capabilities.ts --check    fail when the page is not what the reports say
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConformanceReport } from '../../src/conformance/index.ts'
import { capabilitiesPage } from './capabilities-page.ts'

const REPORTS = 'reports/conformance'
const PAGE = 'docs/capabilities.md'

async function main(arguments_: readonly string[]): Promise<number> {
  const unknown = arguments_.find((one) => one !== '--check')
  if (unknown !== undefined) {
    process.stderr.write(`unknown argument: ${unknown}\n`)
    return 2
  }
  const names = (await readdir(REPORTS).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
  if (names.length === 0) {
    process.stderr.write(`no reports in ${REPORTS}: run the conformance suite first (npm test)\n`)
    return 1
  }
  const reports = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(REPORTS, name), 'utf8')) as ConformanceReport),
  )
  const page = capabilitiesPage(reports)
  if (!arguments_.includes('--check')) {
    await writeFile(PAGE, page)
    process.stdout.write(`${PAGE}: ${reports.map((one) => one.adapter).join(', ')}\n`)
    return 0
  }
  if ((await readFile(PAGE, 'utf8').catch(() => '')) === page) return 0
  process.stderr.write(`${PAGE} is not what the reports say: run npm run docs:capabilities\n`)
  return 1
}

process.exitCode = await main(process.argv.slice(2))
