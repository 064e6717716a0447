/** What JSON cannot hold is refused with its place, never sent as null or {}. */
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { contentTypeOf, decodeBody, encodeBody } from '../../../../src/model/body-codec.ts'

const NONE = new Map()

const LOST: [string, unknown, string][] = [
  ['a Map', { tags: new Map([['a', 1]]) }, 'Map: it stands at tags'],
  ['a Set in a list', { list: [1, { deep: new Set([1]) }] }, 'Set: it stands at list[1].deep'],
  ['NaN', { a: { b: Number.NaN } }, 'NaN: it stands at a.b'],
  ['Infinity', [1, Number.POSITIVE_INFINITY], 'Infinity: it stands at [1]'],
  ['undefined in a list', { a: [undefined] }, 'undefined in a list: it stands at a[0]'],
  ['a function in a list', { a: [() => 1] }, 'function in a list: it stands at a[0]'],
  ['an Error', { why: new Error('lost') }, 'Error: it stands at why'],
  ['a Buffer', { bytes: Buffer.from('x') }, 'Buffer: it stands at bytes'],
  ['a typed array', { bytes: new Uint8Array([1]) }, 'Uint8Array: it stands at bytes'],
  ['an empty typed array', { bytes: new Uint8Array(0) }, 'Uint8Array: it stands at bytes'],
  ['a date that is none', { at: new Date(Number.NaN) }, 'date that is none: it stands at at'],
  ['a Promise', { later: Promise.resolve(1) }, 'Promise: it stands at later'],
  ['a Blob', { file: new Blob(['x']) }, 'Blob: it stands at file'],
  ['a stream', [new ReadableStream()], 'ReadableStream: it stands at [0]'],
  ['the headers of an answer', { headers: new Headers({ a: 'b' }) }, 'Headers: it stands at headers'],
  ['an iterator', { rows: [1, 2].values() }, 'Array Iterator: it stands at rows'],
  ['a Blob by itself', new Blob(['x']), 'JSON has no Blob'],
  ['a RegExp by itself', /x/, 'JSON has no RegExp'],
]

test.each(LOST)('%s inside a body is ENCODE_FAILED and named', (_name, body, told) => {
  expect(() => encodeBody(body, 'application/json', NONE)).toThrow(told)
})

test.each([
  [{ a: null, b: {}, c: [null, {}], d: 'null {}' }],
  [{ '0': 'zero' }],
  [{ type: 'Buffer' }],
  [{ left: undefined, at: new Date(0) }],
  [{ own: { toJSON: () => ({ nothing: null }) } }],
  [{ marker: new (class Marker {})() }],
  [{ boxed: Object('text'), place: new URL('http://localhost/') }],
])('what JSON holds passes: %j', (body) => {
  const bytes = encodeBody(body, 'application/json', NONE) as Uint8Array
  expect(decodeBody(bytes, 'application/json', NONE)).toEqual(JSON.parse(JSON.stringify(body)))
})

test('JSON behind a byte-order mark is decoded', () => {
  const bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"id":7}')])
  expect(decodeBody(bytes, 'application/json', NONE)).toEqual({ id: 7 })
})

test('what toJSON() gives is not asked for its own: an object may give itself', () => {
  const body = {
    nothing: null,
    toJSON() {
      return this
    },
  }
  expect(Buffer.from(encodeBody({ body }, 'application/json', NONE) as Uint8Array).toString()).toBe(
    '{"body":{"nothing":null}}',
  )
})

test.each([
  [
    'a revoked Proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    },
  ],
  ['a Proxy around bytes', () => new Proxy(new Uint8Array(4), {})],
  [
    'bytes whose memory was given away',
    () => {
      const bytes = new Uint8Array(8)
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
      return bytes
    },
  ],
])('%s is ENCODE_FAILED', (_, make) => {
  const body = make()
  expect(() => encodeBody(body, contentTypeOf(body), NONE)).toThrow(
    expect.objectContaining({ code: 'ENCODE_FAILED' }),
  )
})

test('bytes of another realm are bytes', () => {
  const bytes: Uint8Array = runInNewContext('new Uint8Array([1, 2])')
  expect(contentTypeOf(bytes)).toBe('application/octet-stream')
  expect(encodeBody(bytes, contentTypeOf(bytes), NONE)).toEqual(Buffer.from([1, 2]))
})
