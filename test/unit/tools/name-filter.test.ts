import { expect, test } from 'vitest'
import { nameFilter } from '../../../src/tools/name-filter.ts'

test.each([
  ['', 'orders', true],
  ['der', 'orders', true],
  ['Der', 'orders', false],
  ['orders*', 'orders.failed', true],
  ['*failed', 'orders.failed', true],
  ['o*s.*d', 'orders.failed', true],
  ['o*s', 'orders.failed', false],
  ['a*a', 'a', false],
  ['*', '', true],
  [`${'*a'.repeat(40)}*b`, 'a'.repeat(220), false],
])('%s lets %s pass: %s', (filter, name, passes) => {
  expect(nameFilter(filter)(name)).toBe(passes)
})
