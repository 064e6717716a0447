/** AMQP 1.0 values as bytes, written by the standard's table (part 1, section 1.6): independent of any library. */

export type AmqpValue = Buffer

function fixed(code: number, bytes: Buffer): AmqpValue {
  return Buffer.concat([Buffer.of(code), bytes])
}

function integer(code: number, width: 1 | 2 | 4, value: number): AmqpValue {
  const bytes = Buffer.alloc(width)
  bytes.writeUIntBE(value < 0 ? value + 2 ** (8 * width) : value, 0, width)
  return fixed(code, bytes)
}

function wide(code: number, value: bigint): AmqpValue {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value))
  return fixed(code, bytes)
}

function sized(code: number, bytes: Buffer): AmqpValue {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([Buffer.of(code), length, bytes])
}

function compound(code: number, count: number, inside: Buffer): AmqpValue {
  const counted = Buffer.alloc(4)
  counted.writeUInt32BE(count)
  return sized(code, Buffer.concat([counted, inside]))
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(value)
  return bytes
}

export const amqpType = {
  null: () => Buffer.of(0x40),
  boolean: (value: boolean) => Buffer.of(0x56, value ? 1 : 0),
  ubyte: (value: number) => integer(0x50, 1, value),
  ushort: (value: number) => integer(0x60, 2, value),
  uint: (value: number) => integer(0x70, 4, value),
  smalluint: (value: number) => integer(0x52, 1, value),
  uint0: () => Buffer.of(0x43),
  ulong: (value: bigint) => wide(0x80, value),
  smallulong: (value: number) => integer(0x53, 1, value),
  ulong0: () => Buffer.of(0x44),
  byte: (value: number) => integer(0x51, 1, value),
  short: (value: number) => integer(0x61, 2, value),
  int: (value: number) => integer(0x71, 4, value),
  smallint: (value: number) => integer(0x54, 1, value),
  long: (value: bigint) => wide(0x81, value),
  smalllong: (value: number) => integer(0x55, 1, value),
  float: (value: number) => fixed(0x72, float(value)),
  double: (value: number) => fixed(0x82, double(value)),
  decimal32: (bytes: Buffer) => fixed(0x74, bytes),
  decimal64: (bytes: Buffer) => fixed(0x84, bytes),
  decimal128: (bytes: Buffer) => fixed(0x94, bytes),
  char: (value: string) => integer(0x73, 4, value.codePointAt(0)!),
  timestamp: (ms: bigint) => wide(0x83, ms),
  uuid: (bytes: Buffer) => fixed(0x98, bytes),
  binary: (bytes: Buffer) => sized(0xb0, bytes),
  string: (value: string) => sized(0xb1, Buffer.from(value)),
  symbol: (value: string) => sized(0xb3, Buffer.from(value, 'latin1')),
  list0: () => Buffer.of(0x45),
  list: (items: AmqpValue[]) => compound(0xd0, items.length, Buffer.concat(items)),
  map: (pairs: [AmqpValue, AmqpValue][]) => compound(0xd1, pairs.length * 2, Buffer.concat(pairs.flat())),
  /** One constructor for all elements. */
  arrayOfInt: (values: number[]) =>
    compound(
      0xf0,
      values.length,
      Buffer.concat([Buffer.of(0x71), ...values.map((value) => integer(0x71, 4, value).subarray(1))]),
    ),
  described: (descriptor: string, value: AmqpValue) =>
    Buffer.concat([Buffer.of(0x00), amqpType.symbol(descriptor), value]),
  /** A message that is this value as an `amqp-value` section, and nothing else. */
  message: (value: AmqpValue) => Buffer.concat([Buffer.of(0x00, 0x53, 0x77), value]),
}
