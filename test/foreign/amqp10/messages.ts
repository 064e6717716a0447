/** Legal messages of AMQP 1.0 as bytes: all sections (part 3 of the standard), each in every way it can be written. */
import fc from 'fast-check'
import { list, listOf, mapOf, NULL, of, symbol, type TypeName, type Value, value } from './values.ts'

export interface ForeignMessage {
  readonly bytes: Buffer
  /** What an application should read, as far as it is the same for every way of writing it. */
  readonly plain: {
    readonly properties: Record<string, unknown>
    readonly body: unknown
  }
}

interface Section {
  readonly wire: Buffer
  readonly plain: unknown
}

/** The descriptor of a section: its number in either length, or its symbol. */
function descriptor(code: number, name: string): fc.Arbitrary<Buffer> {
  const wide = Buffer.concat([Buffer.of(0x00, 0x80), Buffer.alloc(7), Buffer.of(code)])
  return fc.oneof(
    { arbitrary: fc.constant(Buffer.of(0x00, 0x53, code)), weight: 5 },
    { arbitrary: fc.constant(wide), weight: 1 },
    { arbitrary: fc.constant(Buffer.concat([Buffer.of(0x00), symbol(name)])), weight: 1 },
  )
}

function section(code: number, name: string, content: fc.Arbitrary<Value>): fc.Arbitrary<Section> {
  return fc
    .tuple(descriptor(code, name), content)
    .map(([head, { wire, plain }]) => ({ wire: Buffer.concat([head, wire]), plain }))
}

/** A list of fields that may each be null, and may end early. */
function fields(...types: TypeName[][]): fc.Arbitrary<Value> {
  const each = types.map((names) =>
    fc.oneof({ arbitrary: of(...names), weight: 2 }, { arbitrary: fc.constant(NULL), weight: 1 }),
  )
  return fc
    .tuple(fc.tuple(...each), fc.integer({ min: 0, max: types.length }), fc.boolean())
    .map(([values, count, large]) => listOf(values.slice(0, count), large))
}

const BOOLEAN: TypeName[] = ['true', 'false', 'boolean']
const UINT: TypeName[] = ['uint', 'smalluint', 'uint0']
const STRING: TypeName[] = ['string', 'string32']
const SYMBOL: TypeName[] = ['symbol', 'symbol32']
const ID: TypeName[] = ['ulong', 'smallulong', 'ulong0', 'uuid', 'binary', ...STRING]

/** Without `first-acquirer` and `delivery-count`, which are a delivery's and no sender's. */
const header = section(0x70, 'amqp:header:list', fields(BOOLEAN, ['ubyte'], UINT))

const properties = (times: TypeName[]) =>
  section(
    0x73,
    'amqp:properties:list',
    fields(
      ID,
      ['binary', 'binary32'],
      STRING,
      STRING,
      STRING,
      ID,
      SYMBOL,
      SYMBOL,
      times,
      times,
      STRING,
      UINT,
      STRING,
    ),
  )

/** Names of annotations are symbols; those of strangers begin with `x-`. */
const annotationName = fc
  .string({ unit: 'grapheme-ascii', maxLength: 6 })
  .map((name): Value => ({ wire: symbol(`x-opt-${name}`), plain: `x-opt-${name}` }))

function annotations(code: number, name: string): fc.Arbitrary<Section> {
  const pairs = fc.uniqueArray(fc.tuple(annotationName, value), {
    maxLength: 3,
    selector: ([key]) => key.plain,
  })
  return section(
    code,
    name,
    fc.tuple(pairs, fc.boolean()).map(([content, large]) => mapOf(content, large)),
  )
}

/** `flat`: what Broker-J takes. */
function applicationProperties(flat: boolean): fc.Arbitrary<Section> {
  const simple = of(
    'null',
    ...BOOLEAN,
    ...UINT,
    ...STRING,
    'ubyte',
    'ushort',
    'ulong',
    'smallulong',
    'ulong0',
    'byte',
    'short',
    'int',
    'smallint',
    'long',
    'smalllong',
    'float',
    'double',
    'decimal32',
    'decimal64',
    'decimal128',
    'char',
    'timestamp',
    'date',
    'uuid',
    'binary',
    'binary32',
    ...SYMBOL,
  )
  const held = flat ? simple : fc.oneof({ arbitrary: simple, weight: 4 }, { arbitrary: value, weight: 1 })
  const pairs = fc.uniqueArray(fc.tuple(of(...STRING), held), {
    maxLength: 5,
    selector: ([key]) => key.plain,
  })
  return section(
    0x74,
    'amqp:application-properties:map',
    fc.tuple(pairs, fc.boolean()).map(([content, large]) => mapOf(content, large)),
  )
}

const data = fc
  .array(section(0x75, 'amqp:data:binary', of('binary', 'binary32')), { minLength: 1, maxLength: 3 })
  .map((parts) => ({
    wire: Buffer.concat(parts.map((part) => part.wire)),
    plain: new Uint8Array(Buffer.concat(parts.map((part) => part.plain as Uint8Array))),
  }))

const sequence = fc
  .array(section(0x76, 'amqp:amqp-sequence:list', list), { minLength: 1, maxLength: 2 })
  .map((parts) => ({
    wire: Buffer.concat(parts.map((part) => part.wire)),
    plain: parts.flatMap((part) => part.plain as unknown[]),
  }))

const body = fc.oneof(
  { arbitrary: data, weight: 3 },
  { arbitrary: sequence, weight: 1 },
  { arbitrary: section(0x77, 'amqp:amqp-value:*', value), weight: 2 },
)
const noBody: Section = { wire: Buffer.alloc(0), plain: new Uint8Array(0) }

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined })
}

/** Of one section at least. `flat`: only what Broker-J takes and keeps waiting. */
function messages(flat: boolean): fc.Arbitrary<ForeignMessage> {
  const times: TypeName[] = flat ? ['date'] : ['timestamp', 'date']
  return fc
    .tuple(
      maybe(flat ? section(0x70, 'amqp:header:list', fields(BOOLEAN, ['ubyte'])) : header),
      maybe(annotations(0x71, 'amqp:delivery-annotations:map')),
      maybe(annotations(0x72, 'amqp:message-annotations:map')),
      maybe(properties(times)),
      maybe(applicationProperties(flat)),
      flat ? body : fc.oneof({ arbitrary: body, weight: 9 }, { arbitrary: fc.constant(noBody), weight: 1 }),
      maybe(annotations(0x78, 'amqp:footer:map')),
    )
    .filter((sections) => sections.some((each) => each !== undefined && each !== noBody))
    .map((sections) => {
      const present = sections.filter((part) => part !== undefined)
      return {
        bytes: Buffer.concat(present.map(({ wire }) => wire)),
        plain: {
          properties: (sections[4]?.plain ?? {}) as Record<string, unknown>,
          body: sections[5].plain,
        },
      }
    })
}

export const anyMessage = messages(false)
export const brokerMessage = messages(true)

/** A legal message that something has happened to: bytes turned over, left out, put in, cut off. */
export const damagedMessage: fc.Arbitrary<Buffer> = fc
  .tuple(
    anyMessage,
    fc.array(
      fc.record({
        kind: fc.constantFrom('turn', 'cut', 'insert', 'remove', 'huge'),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        byte: fc.integer({ min: 0, max: 255 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([{ bytes }, changes]) => {
    let changed: Buffer = Buffer.from(bytes)
    for (const { kind, at, byte } of changes) {
      const place = Math.floor(at * changed.length)
      const before = changed.subarray(0, place)
      const after = changed.subarray(place)
      if (kind === 'turn' && place < changed.length) changed[place] = byte
      else if (kind === 'cut') changed = Buffer.from(before)
      else if (kind === 'insert') changed = Buffer.concat([before, Buffer.of(byte), after])
      else if (kind === 'remove') changed = Buffer.concat([before, after.subarray(1)])
      else if (kind === 'huge') changed.fill(0xff, place, Math.min(place + 4, changed.length))
    }
    return changed
  })
