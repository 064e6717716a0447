/** Lines of a byte stream, cut at `\n` only, byte for byte, in bounded memory. */
import { CommandError } from '../command/errors.ts'

/** Longest line. Unit: bytes. */
const MAX_LINE = 256 * 1024 * 1024

/** Each line without its line feed; a last one without a line feed counts too. */
export async function* inputLines(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let begun: Uint8Array[] = []
  let length = 0
  for await (const chunk of input) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, at)
      yield begun.length === 0 ? piece : Buffer.concat([...begun, piece])
      begun = []
      length = 0
      from = at + 1
    }
    if (from < chunk.length) {
      begun.push(chunk.subarray(from))
      length += chunk.length - from
      if (length > MAX_LINE) throw new CommandError(`a line of the input is longer than ${MAX_LINE} bytes`)
    }
  }
  if (length > 0) yield Buffer.concat(begun)
}
