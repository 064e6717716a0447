import { expect, test } from 'vitest'
import type { GrowthRow } from '../../bench/parts/growth/cells.ts'
import { growthTables } from '../../bench/run/growth-tables.ts'

const several = (value: number) => ({ least: value, median: value, most: value })

function row(library: string, size: number, rate: number, us: number): GrowthRow {
  const cost = { rate: several(rate), clientUs: several(us), brokerUs: several(0) }
  return { what: 'links', size, library, cost }
}

/** Cells of the line of this client. */
function lineOf(library: string, rows: readonly GrowthRow[]): string[] {
  const line = growthTables([{ backend: 'redis', rows }])
    .split('\n')
    .find((each) => each.startsWith(`| redis | ${library} |`))
  return line!.split(' | ').map((cell) => cell.replace(/ ?\|$/, ''))
}

test('a cost that stays within a fifth is flat, in time and in processor time', () => {
  expect(lineOf('sluice', [row('sluice', 1, 1_000, 10), row('sluice', 1_000, 850, 11)]).at(-1)).toBe('flat')
  expect(lineOf('sluice', [row('sluice', 1, 1_000, 10), row('sluice', 1_000, 800, 11)]).at(-1)).toBe(
    '**not flat**',
  )
  expect(lineOf('sluice', [row('sluice', 1, 1_000, 10), row('sluice', 1_000, 1_000, 13)]).at(-1)).toBe(
    '**not flat**',
  )
})

test('where the bare client grows as much, that is said', () => {
  const bare = [row('ioredis', 1, 1_000, 10), row('ioredis', 1_000, 500, 20)]
  expect(lineOf('sluice', [row('sluice', 1, 900, 12), row('sluice', 1_000, 400, 26), ...bare]).at(-1)).toBe(
    'not flat, nor is ioredis',
  )
  expect(lineOf('sluice', [row('sluice', 1, 900, 12), row('sluice', 1_000, 300, 26), ...bare]).at(-1)).toBe(
    '**not flat**',
  )
})

test('a cell that could not be measured says why, one that was not reached says so, and neither has a growth', () => {
  const refused: GrowthRow = { what: 'links', size: 1_000, library: 'sluice', problem: 'not within 60 s' }
  const rows = [row('sluice', 1, 1_000, 10), refused, row('ioredis', 1, 1_000, 10)]
  expect(lineOf('sluice', rows).slice(3)).toEqual(['not within 60 s', '–', '–'])
  expect(lineOf('ioredis', rows).slice(3)).toEqual(['not measured', '–', '–'])
})
