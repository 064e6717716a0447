/** A service by name: made when it is missing, unless its address string has options of its own. */
import type { ServiceLike } from '../../index.ts'
import type { Library } from './library.ts'

export function serviceOf(library: Library, text: string): ServiceLike<unknown, unknown> {
  const { name, options } = library.parseAddress(text)
  return options === undefined ? library.service(name) : text
}
