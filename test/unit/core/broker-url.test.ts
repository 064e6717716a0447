import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type BrokerUrl, readBrokerUrl } from '../../../src/core/connecting/broker-url.ts'
import { MessagingError } from '../../../src/model/errors.ts'

const FORM = { adapter: 'any', form: 'any://user:password@host:port/path', query: ['db', 'prefix'] }

function read(url: string): BrokerUrl {
  return readBrokerUrl(url, FORM)
}

function refusal(url: string): MessagingError {
  try {
    read(url)
  } catch (error) {
    return error as MessagingError
  }
  throw new Error(`${url} was not refused`)
}

/** All letters and digits of a text, in their order. */
function words(text: string): string {
  return text.replace(/[\s:/?&=@[\]]/g, '').toLowerCase()
}

const part = fc.string({
  unit: fc.constantFrom(...'aZ9_-.~:/?#[]@!$&\'()*+,;=% é"<>\\^`{|}'.split('')),
  minLength: 1,
  maxLength: 8,
})
const optional = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined })
const whole = fc
  .record({
    scheme: fc.constantFrom('redis', 'rediss', 'rabbitmqs', 'amqp10', 'zmq+tcp', 'REDIS'),
    username: optional(part),
    password: optional(part),
    host: fc.constantFrom('h', 'broker-1.example.com', '127.0.0.1', '::1', 'under_score', 'bücher.example'),
    port: optional(fc.integer({ min: 1, max: 65_535 })),
    path: fc.oneof(
      fc.constant(''),
      part.map((text) => `/${text}`),
    ),
    query: fc.record({ db: part, prefix: part }, { requiredKeys: [] }),
  })
  .map((parts) => ({ ...parts, query: { ...parts.query } as Record<string, string> }))

function format({ scheme, username, password, host, port, path, query }: BrokerUrl): string {
  const login =
    username === undefined && password === undefined
      ? ''
      : `${encodeURIComponent(username ?? '')}${password === undefined ? '' : `:${encodeURIComponent(password)}`}@`
  const place = `${host?.includes(':') ? `[${host}]` : (host ?? '')}${port === undefined ? '' : `:${port}`}`
  const search = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
  return `${scheme}://${login}${place}${path.split('/').map(encodeURIComponent).join('/')}${search.length > 0 ? `?${search.join('&')}` : ''}`
}

test('every URL that is written by the rules is read with all its parts', () => {
  fc.assert(
    fc.property(whole, (parts) => {
      const { query, ...rest } = read(format(parts))
      expect({ ...rest, query: { ...query } }).toEqual({ ...parts, scheme: parts.scheme.toLowerCase() })
    }),
    { numRuns: 500 },
  )
})

const edit = fc.record({
  at: fc.nat(200),
  removed: fc.nat(2),
  put: fc.oneof(
    fc.constantFrom(
      '',
      ':',
      '/',
      '?',
      '#',
      '@',
      '%',
      ',',
      '[',
      ']',
      '=',
      '&',
      '+',
      ' ',
      '\n',
      '\t',
      '\\',
      '%00',
      '//',
    ),
    fc.string({ unit: 'binary', maxLength: 2 }),
  ),
})

/** As far as it can be: a zone of IPv6 has a bare `%`. */
function decoded(url: string): string {
  return url.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped)
    } catch {
      return escaped
    }
  })
}

test('a URL with any mistake in it is read as it is written, or refused without a word of it', () => {
  const outcomes = { read: 0, refused: 0 }
  fc.assert(
    fc.property(whole, fc.array(edit, { minLength: 1, maxLength: 3 }), (parts, edits) => {
      const secret = 'S3cr3tC4nary'
      let url = format({ ...parts, password: `${secret}${parts.password ?? ''}` })
      for (const { at, removed, put } of edits) {
        const place = at % (url.length + 1)
        url = url.slice(0, place) + put + url.slice(place + removed)
      }
      try {
        const parsed = read(url)
        outcomes.read++
        expect(words(decoded(format(parsed)))).toBe(words(decoded(url)))
        expect(read(format(parsed))).toEqual(parsed)
      } catch (error) {
        if (!(error instanceof MessagingError)) throw error
        outcomes.refused++
        expect(error.code).toBe('CONFIG_INVALID')
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
      }
    }),
    { numRuns: 3_000 },
  )
  expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(200)
})

describe('a URL is refused', () => {
  it.each([
    ['any:host', /no \/\//],
    ['any:/host', /no \/\//],
    ['any://h#x', /#/],
    ['any://a:1,b:2', /several hosts/],
    ['any://u:p@a,b', /several hosts/],
    ['any://a:1:2', /colon/],
    ['any://::1', /colon/],
    ['any://[h]', /IPv6/],
    ['any://h:0', /port/],
    ['any://h:65536', /port/],
    ['any://h:x', /port/],
    ['any://:6379', /no host/],
    ['any://u:p@/1', /no host/],
    ['any://u:pa/ss@h', /@ behind its host/],
    ['any://u:12/ss@h', /@ behind its host/],
    ['any://u:12?ss@h', /@ behind its host/],
    ['any://u:12#ss@h', /@ behind its host/],
    ['any://h%41', /host/],
    ['any://h o', /white space/],
    ['any://h\n/1', /white space/],
    ['any://u:%zz@h', /%/],
    ['any://u:%00@h', /NUL/],
    ['any://h?db=1&db=2', /twice/],
    ['any://h?dbx=1', /unknown option 'dbx'; did you mean 'db'/],
  ])('%j', (url, text) => {
    const error = refusal(url)
    expect([error.code, error.message]).toEqual(['CONFIG_INVALID', expect.stringMatching(text)])
  })
})

test('a line feed at the end of a URL does no harm', () => {
  expect(read('any://h:1/x\n')).toMatchObject({ host: 'h', port: 1, path: '/x' })
})
