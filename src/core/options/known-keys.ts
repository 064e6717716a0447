/** Refuses misspelt options: names the key and the nearest known one. */
import { type ErrorCode, MessagingError } from '../../model/errors.ts'
import { nearest } from './nearest.ts'
import { ourWord } from './other-words.ts'

/** @throws `code` (default `CONFIG_INVALID`) on the first key of `options` that is not in `known` */
export function checkKnownKeys(
  options: object,
  known: readonly string[],
  where: string,
  code: ErrorCode = 'CONFIG_INVALID',
): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const near = ourWord(key, known) ?? nearest(key, known)
    throw new MessagingError(
      code,
      `${where}: unknown option '${key}'${near ? `; did you mean '${near}'?` : ''}`,
      {
        hint:
          known.length > 0
            ? `Known options: ${known.join(', ')}`
            : 'There are no options here: leave it out.',
        context: { option: key },
      },
    )
  }
}
