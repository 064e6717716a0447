/**
 * Broker-J 9.2.1 ends itself over an array of nulls in an annotation or a footer (an exception of its `ArrayTypeConstructor` that nothing
 * catches), each time it hands the message over, also after a restart: no copy of ours brings it there. Some decimals are nulls to it.
 */
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { isBody, sectionsOf } from './sections.ts'
import { WireReader } from './wire-reader.ts'

const DESCRIBED = 0x00
/** Type codes of null and of the decimals. */
const NULLS: ReadonlySet<number | undefined> = new Set([0x40, 0x74, 0x84, 0x94])

/** @throws `ENCODE_FAILED` on a message that holds one beside its body */
export function withoutNullArrays(bytes: Buffer): Buffer {
  if (!holdsNullArray(bytes)) return bytes
  throw new MessagingError(
    'ENCODE_FAILED',
    'An annotation of the message holds an array of nulls or decimals, over which Broker-J ends itself',
    {
      hint: 'Leave the array out, or write a list instead.',
      context: { adapter: ADAPTER, operation: 'send' },
    },
  )
}

/** Not looked at: arrays of lists, and the body, which Broker-J does not read. */
export function holdsNullArray(bytes: Buffer): boolean {
  // Nearly all messages hold no array, and end here.
  if (!bytes.includes(0xe0) && !bytes.includes(0xf0)) return false
  try {
    return search(bytes)
  } catch {
    // No message: what the broker makes of that is told by the broker.
    return false
  }
}

function search(bytes: Buffer): boolean {
  const reader = new WireReader(bytes)
  /** Values to be looked at: from, to. */
  const open: [number, number][] = sectionsOf(bytes)
    .filter(({ code }) => !isBody(code))
    .map(({ value, to }) => [value, to])
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [from, to] = next
    const at = constructorAt(reader, bytes, from, to)
    const code = bytes[at]!
    if (code === 0xe0 || code === 0xf0) {
      const [count, element] = code === 0xe0 ? [bytes[at + 2], at + 3] : [bytes.readUInt32BE(at + 5), at + 9]
      if (count !== 0 && NULLS.has(bytes[constructorAt(reader, bytes, element, to)])) return true
      continue
    }
    reader.seek(at, to)
    let left: number
    if (code === 0xc0 || code === 0xd0) left = reader.listLength()
    else if (code === 0xc1 || code === 0xd1) left = reader.mapLength() * 2
    else continue
    for (; left > 0; left--) {
      const start = reader.at
      reader.skip()
      open.push([start, reader.at])
    }
  }
  return false
}

/** Behind the descriptors that begin here. */
function constructorAt(reader: WireReader, bytes: Buffer, from: number, to: number): number {
  let at = from
  while (bytes[at] === DESCRIBED) {
    reader.seek(at + 1, to)
    reader.skip()
    at = reader.at
  }
  return at
}
