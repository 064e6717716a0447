/** Filters of a source, as described values. */
import type { Rhea } from '../wire/rhea-types.ts'

/** apache.org:selector-filter:string */
const SELECTOR = 0x468c00000004

export function selectorFilter(rhea: Rhea, selector: string | undefined): object | undefined {
  if (selector === undefined) return undefined
  return { selector: rhea.types.wrap_described(selector, SELECTOR) }
}
