import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { conformanceTable } from '../../scripts/test/conformance-summary.ts'
import { countResults } from '../../scripts/test/counts.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-summary-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function count(testResults: { status: string; tests: string[] }[]) {
  const path = join(folder, 'report.json')
  const files = testResults.map(({ status, tests }) => ({
    status,
    assertionResults: tests.map((each) => ({ status: each })),
  }))
  writeFileSync(path, JSON.stringify({ testResults: files }))
  return countResults(path)
}

test('passed, failed and everything that did not run are counted', () => {
  const counts = count([
    { status: 'passed', tests: ['passed', 'passed', 'skipped', 'todo'] },
    { status: 'failed', tests: ['failed', 'pending', 'passed'] },
  ])
  expect(counts).toEqual({ passed: 3, failed: 1, skipped: 3 })
})

test('a file that could not be loaded is a failure, though no test of it failed', () => {
  expect(count([{ status: 'failed', tests: [] }])).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(count([{ status: 'failed', tests: ['skipped'] }])).toEqual({ passed: 0, failed: 1, skipped: 1 })
})

test('the matrix has a line per adapter with its broker', () => {
  const cases = ['passed', 'passed', 'inverted', 'failed'].map((result) => ({ result }))
  const text = conformanceTable([
    { adapter: 'memory', broker: { product: 'Sluice', version: '1' }, cases },
    { adapter: 'rabbitmq', broker: { product: 'RabbitMQ', version: '3.10.8' }, cases: [] },
  ])
  expect(text.split('\n')).toEqual([
    'conformance  broker           passed  inverted  skipped  failed',
    'memory       Sluice 1              2         1        0       1',
    'rabbitmq     RabbitMQ 3.10.8       0         0        0       0',
    '',
  ])
})
