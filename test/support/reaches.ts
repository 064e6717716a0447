/** The tests of an adapter's reaches into its client library: with a library built otherwise there, a warning tells, and messages flow. */
import { afterEach, expect, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { everythingFlows } from './everything-flows.ts'
import { collectWarnings, type Plant, plant } from './planted-library.ts'

export interface Reaching<Name extends string> {
  readonly library: string
  /** Of the library: where its files are that are changed. */
  readonly folder: string
  readonly url: string
  /** The adapter's table. */
  readonly reaches: Readonly<Record<Name, { readonly expects: string }>>
  /** At least one for each place: its name, what is changed, how. */
  readonly changes: readonly (readonly [Name, string, Plant])[]
}

export function proveReaches<Name extends string>({
  library,
  folder,
  url,
  reaches,
  changes,
}: Reaching<Name>): void {
  const open: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  /** The warnings of a connection over which messages flowed. */
  const warningsWith = async (...plants: Plant[]): Promise<string[]> => {
    if (plants.length > 0) open.push(plant(library, folder, plants))
    const { warnings, end } = collectWarnings()
    open.push(end)
    const connection = await connect(url)
    open.push(() => connection.close())
    await everythingFlows(connection, (cleanup) => open.push(cleanup))
    return warnings
  }

  test(`${library} as it is installed: nothing is warned of`, async () => {
    expect(await warningsWith()).toEqual([])
  })

  test.each(changes)('%s: %s', async (name, _what, change) => {
    const told = (await warningsWith(change)).filter((text) => text.includes(reaches[name].expects))
    expect(told).toHaveLength(1)
  })

  test('every reach has a change', () => {
    expect([...new Set(changes.map(([name]) => name))].sort()).toEqual(Object.keys(reaches).sort())
  })
}
