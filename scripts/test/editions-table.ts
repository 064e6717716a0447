/** The table of versions proved, between two marks of a page. A row stays until its tests have run again. */

export interface Row {
  readonly edition: string
  /** Product and version, as the broker tells them. */
  readonly broker: string
  readonly suite: string
  readonly passed: number
  /** A feature is declared as absent, and its refusal was proved. Of a conformance suite alone. */
  readonly inverted?: number
  readonly skipped: number
  readonly failed: number
}

const MARKED = /(<!-- editions:start -->\n)(.*?)(<!-- editions:end -->)/s
const HEAD = `| edition | broker | tests | passed | refusals proved | skipped | failed |
|---|---|---|---|---|---|---|
`
const NONE = '–'

/** @param order of editions; suites of one stay in the order in which they first ran */
export function replaceRows(page: string, rows: readonly Row[], order: readonly string[]): string {
  const [, , table] = MARKED.exec(page) ?? []
  if (table === undefined) throw new Error('The page has no marks for the table of editions')
  const kept = new Map(parse(table).map((row) => [keyOf(row), row]))
  for (const row of rows) kept.set(keyOf(row), row)
  const sorted = [...kept.values()].sort((a, b) => order.indexOf(a.edition) - order.indexOf(b.edition))
  return page.replace(MARKED, (_, start, __, end) => `${start}${HEAD}${sorted.map(line).join('')}${end}`)
}

const keyOf = ({ edition, suite }: Row): string => `${edition} ${suite}`

function line({ edition, broker, suite, passed, inverted, skipped, failed }: Row): string {
  return `| \`${edition}\` | ${broker} | ${suite} | ${passed} | ${inverted ?? NONE} | ${skipped} | ${failed} |\n`
}

function parse(table: string): Row[] {
  return table
    .split('\n')
    .filter((text) => text.startsWith('| `'))
    .map((text) => {
      const [edition, broker, suite, passed, inverted, skipped, failed] = text
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim())
      return {
        edition: edition!.replaceAll('`', ''),
        broker: broker!,
        suite: suite!,
        passed: Number(passed),
        inverted: inverted === NONE ? undefined : Number(inverted),
        skipped: Number(skipped),
        failed: Number(failed),
      }
    })
}
