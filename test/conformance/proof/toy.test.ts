/** The adapter of docs/adapters.md: an example that keeps what it claims. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { toyAdapter } from '../../../examples/toy-adapter/adapter.ts'
import { registerAdapter } from '../../../src/index.ts'
import { severable } from '../harness/severable.ts'
import { type ConformanceReport, conformance, forVitest } from '../suite/index.ts'

const IN_PROCESS = 'the broker lives in this process: there is no other way to it'
let report: ConformanceReport

registerAdapter(toyAdapter)
conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: {
    name: 'toy',
    target: () => ({ url: 'toy:conformance' }),
    faults: severable(toyAdapter, 'cut-toy', () => 'toy:conformance'),
    without: {
      silence: 'a call within the process cannot fall silent',
      broker: 'the broker ends with its process, and its messages with it',
      liveRestart: 'the broker ends with its process, and its messages with it',
      kill: 'the broker ends with its process, and its messages with it',
      witness: 'no other client library speaks to a broker in this process',
      process: IN_PROCESS,
      processRefusal: IN_PROCESS,
      deadAddress: 'there is no address to be dead: the broker comes with the connection',
      wrongLogin: 'there is no login',
      otherPort: 'there is no port',
    },
  },
  onReport: (one) => {
    report = one
  },
})

test('the suite has proved what the toy can do, and was refused the rest', () => {
  const count = (result: string): number => report.cases.filter((one) => one.result === result).length
  expect(count('failed')).toBe(0)
  expect(count('passed')).toBeGreaterThan(100)
  expect(count('inverted')).toBeGreaterThan(20)
})

test('the toy adapter has less than 300 lines, its broker included', () => {
  const folder = join(import.meta.dirname, '../../../examples/toy-adapter')
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8').trimEnd())
  expect(files.join('\n').split('\n').length).toBeLessThan(300)
})
