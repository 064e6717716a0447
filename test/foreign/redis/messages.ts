/** Messages as any client of Redis may push them: a body alone, or an envelope with all that a header can hold, known to this library or not. */
import fc from 'fast-check'

export type Json = ReturnType<typeof JSON.parse>

export interface ForeignMessage {
  /** As JSON writes it; `undefined`: a body alone. */
  readonly header: Json
  readonly body: Buffer
  readonly payload: Buffer
}

const MAGIC = Buffer.from('ff534c31', 'hex')

export const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', 'ü/ö;#*', '{a}', '%23', 'a b', '\0', '🙂'.repeat(30), '__proto__', 'x'.repeat(300)),
)
const names = fc.oneof(text, fc.constantFrom('constructor', 'toString', 'sluice', '@bytes', 'hasOwnProperty'))
const contentTypes = fc.constantFrom('text/plain', 'application/json', 'application/octet-stream', 'a/b', '')
const times = fc.integer({ min: -8.64e15, max: 8.64e15 })

function dictionary(values: fc.Arbitrary<unknown>): fc.Arbitrary<Json> {
  return fc
    .array(fc.tuple(names, values), { maxLength: 4 })
    .map((entries) => JSON.parse(`{${entries.map((pair) => pair.map(json).join(':')).join(',')}}`))
}

function json(value: unknown): string {
  return JSON.stringify(value)
}

const value = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()) },
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map((number) => ['bigint', String(number)]),
  times.map((time) => ['date', time]),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => ['bytes', Buffer.from(bytes).toString('base64')]),
  fc.constantFrom(
    ['number', 'NaN'],
    ['number', '-0'],
    ['number', '-Infinity'],
    ['bigint', 'no'],
    ['date', 1e300],
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

const known = fc.record(
  {
    id: text,
    createdAt: times,
    subject: text,
    contentType: contentTypes,
    properties: dictionary(value),
    replyTo: text,
    correlationId: text,
    priority: fc.integer({ min: 0, max: 9 }),
    // It outlives the test.
    ttlMs: fc.integer({ min: 3_600_000, max: 8.64e15 }),
    durable: fc.boolean(),
    userId: text,
    groupId: text,
    deliveries: fc.nat({ max: 0xffff }),
  },
  { requiredKeys: [] },
)
/** What programs write that have fields of their own. */
const others = dictionary(fc.oneof(text, fc.jsonValue({ maxDepth: 2 })))

const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  text.map((words) => Buffer.from(words)),
  fc.jsonValue().map((document) => Buffer.from(JSON.stringify(document))),
)

export const foreignMessage: fc.Arbitrary<ForeignMessage> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(known, fc.option(others), body).map(([fields, more, content]) => {
      // order: what this library knows wins, as it does in a header that names a field twice.
      const all = JSON.parse(JSON.stringify(more ?? {}))
      for (const name of Object.keys(all)) if (ALL_KNOWN.has(name)) delete all[name]
      return enveloped(Object.assign(all, JSON.parse(JSON.stringify(fields))), content)
    }),
  },
  // What begins like an envelope is one.
  body
    .filter((content) => content.indexOf(MAGIC) !== 0)
    .map((content) => ({ header: undefined, body: content, payload: content })),
)

const ALL_KNOWN = new Set(['annotations', 'delayMs'])

function enveloped(header: Json, content: Buffer): ForeignMessage {
  const bytes = Buffer.from(JSON.stringify(header))
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return { header, body: content, payload: Buffer.concat([MAGIC, size, bytes, content]) }
}

/** An envelope as it stands at the server, or a body alone. */
export function parsed(payload: Buffer): { readonly header: Json; readonly body: Buffer } {
  if (payload.indexOf(MAGIC) !== 0) return { header: undefined, body: payload }
  const end = 8 + payload.readUInt32BE(4)
  return { header: JSON.parse(payload.toString('utf8', 8, end)), body: payload.subarray(end) }
}
