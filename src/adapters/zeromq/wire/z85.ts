/** Keys as text: Z85 (ZeroMQ RFC 32), five characters for four bytes. Pure. */
import { MessagingError } from '../../../model/errors.ts'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

/** The 32 bytes of a CURVE key. @throws `CONFIG_INVALID`, without the key in its text */
export function decodeZ85(text: string): Buffer {
  if (typeof text !== 'string' || text.length !== 40)
    throw new MessagingError('CONFIG_INVALID', 'A CURVE key has 40 characters')
  const bytes = Buffer.alloc(32)
  for (let group = 0; group < 8; group++) {
    let value = 0
    for (const character of text.slice(group * 5, group * 5 + 5)) {
      const digit = ALPHABET.indexOf(character)
      if (digit < 0)
        throw new MessagingError('CONFIG_INVALID', 'A CURVE key holds a character that Z85 does not have')
      value = value * 85 + digit
    }
    if (value > 0xffffffff) throw new MessagingError('CONFIG_INVALID', 'The CURVE key is no valid Z85')
    bytes.writeUInt32BE(value, group * 4)
  }
  return bytes
}
