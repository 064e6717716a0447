/** `URL#ADDRESS`: one end of a bridge. */
import { UsageError } from '../../command/errors.ts'

export interface EndPoint {
  readonly broker: string
  readonly address: string
}

/** The first `#` divides; an address that begins with `#` has a second one. */
export function endPoint(text: string, which: string): EndPoint {
  const at = text.indexOf('#')
  if (at <= 0 || at === text.length - 1) {
    throw new UsageError(`${which} is no URL#ADDRESS, as in rabbitmq://localhost#orders`)
  }
  return { broker: text.slice(0, at), address: text.slice(at + 1) }
}
