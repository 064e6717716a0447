/** What of a message of AMQP 0-9-1 no other protocol here can hold: the rows of docs/mapping.md that say so. */
import { isUtf8 } from 'node:buffer'
import { timeInRange } from '../../../model/ranges.ts'
import type { ParsedProperties } from '../wire/native-properties.ts'
import { tableEntries } from './raw-table.ts'

/** Types of numbers that become plain ones elsewhere: b B s u i L f. */
const LENGTHS = new Set(Buffer.from('bBsuiLf'))
const DECIMAL = 0x44
const TEXT = 0x53

export function nativeOnly({ timestamp, headerBytes }: ParsedProperties): string[] {
  const kinds = new Set<string>()
  if (timestamp !== undefined && timeInRange(timestamp * 1_000) === undefined)
    kinds.add('a timestamp that no Date holds')
  for (const { value } of tableEntries(headerBytes)) {
    const type = value[0]!
    if (LENGTHS.has(type)) kinds.add('the length of numbers')
    else if (type === DECIMAL) kinds.add('decimals')
    else if (type === TEXT && !isUtf8(value.subarray(5))) kinds.add('text that is no UTF-8')
  }
  return [...kinds]
}
