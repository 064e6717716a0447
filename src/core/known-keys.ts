/** Refuses misspelt options: names the key and the nearest known one. */
import { type ErrorCode, MessagingError } from '../api/errors.ts'
import { nearest } from './nearest.ts'

/** @throws `code` (default `CONFIG_INVALID`) on the first key of `options` that is not in `known` */
export function checkKnownKeys(
  options: object,
  known: readonly string[],
  where: string,
  code: ErrorCode = 'CONFIG_INVALID',
): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    throw new MessagingError(
      code,
      `${where}: unknown option '${key}'${near ? `; did you mean '${near}'?` : ''}`,
      {
        hint: `Known options: ${known.join(', ')}`,
        context: { option: key },
      },
    )
  }
}
