/**
 * The tests of an adapter's reaches into its client library: with a library built otherwise there, a warning tells, and messages flow.
 * `npm run test:planted` runs the conformance suite over each of these libraries instead.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { conformance, forVitest, type Harness } from '../conformance/suite/index.ts'
import { everythingFlows } from './everything-flows.ts'
import { collectWarnings, type Plant, plant } from './planted-library.ts'

export interface Reaching<Name extends string> {
  readonly library: string
  /** Of the library: where its files are that are changed. */
  readonly folder: string
  readonly url: string
  /** For the conformance suite. */
  readonly harness: () => Promise<Harness>
  /** The adapter's table. */
  readonly reaches: Readonly<Record<Name, { readonly expects: string }>>
  /** At least one for each place: its name, what is changed, how. */
  readonly changes: readonly (readonly [Name, string, Plant])[]
}

/** Set by `npm run test:planted`: names of chapters, or `all`. */
const PLANTED = process.env.SLUICE_PLANTED_CHAPTERS

export async function proveReaches<Name extends string>(reaching: Reaching<Name>): Promise<void> {
  if (PLANTED === undefined) proveByFlow(reaching)
  else await proveByConformance(reaching, PLANTED === 'all' ? undefined : PLANTED.split(','))
}

/** Second processes that the suite starts have the library as it is installed. */
async function proveByConformance<Name extends string>(
  { library, folder, harness, reaches, changes }: Reaching<Name>,
  chapters: readonly string[] | undefined,
): Promise<void> {
  for (const [name, what, change] of changes) {
    const own = await harness()
    let end = (): void => {}
    conformance({
      test: forVitest({ describe, it, beforeAll, afterAll }),
      chapters,
      onReport: () => {},
      harness: {
        ...own,
        name: `${own.name}, ${name}: ${what}`,
        async start() {
          const restore = plant(library, folder, [change])
          const collected = collectWarnings()
          end = () => {
            restore()
            collected.end()
            expect(collected.warnings.some((text) => text.includes(reaches[name].expects))).toBe(true)
          }
          await own.start?.()
        },
        async stop() {
          await own.stop?.()
          end()
        },
      },
    })
  }
}

function proveByFlow<Name extends string>({ library, folder, url, reaches, changes }: Reaching<Name>): void {
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
