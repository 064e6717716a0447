/** Refuses misspelt options: names the key and the nearest known one. */
import { MessagingError } from '../../model/errors.ts'
import { nearest } from './nearest.ts'
import { ourWord } from './other-words.ts'

/** Of a key, in the text of an error. Unit: characters. */
const LONGEST = 200

/** @throws `CONFIG_INVALID` on the first key of `options` that is not in `known` */
export function checkKnownKeys(options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const near = ourWord(key, known) ?? nearest(key, known)
    throw new MessagingError(
      'CONFIG_INVALID',
      `${where}: unknown option '${shown(key)}'${near ? `; did you mean '${near}'?` : ''}`,
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

/** A key may be of any length. */
function shown(key: string): string {
  return key.length > LONGEST ? `${key.slice(0, LONGEST)}…` : key
}
