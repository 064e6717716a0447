/** Attacks on the console by plain clients: each is refused, changes nothing, and leaves a line in the log. */

import type { OutgoingHttpHeaders } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connection, connect, queue } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { uniqueName } from '../support/names.ts'
import { TestConsole, TestStream } from './client.ts'

let console: TestConsole
let broker: Connection
const url = `memory:${uniqueName()}`
const name = uniqueName()
const orders = queue<unknown>(name)

beforeAll(async () => {
  broker = await connect(url)
  await broker.send(orders, 'kept')
  console = await TestConsole.start({ connections: { mem: url }, write: true })
  await console.connected('mem')
})
afterAll(async () => {
  await console[Symbol.asyncDispose]()
  await broker.close()
})

const PURGE = JSON.stringify({ act: 'purge', broker: 'mem', address: name, confirm: name })
const JSON_TYPE = { 'content-type': 'application/json' }

/** An act as the page would send it, but for what the attack changes. */
async function attack(headers: OutgoingHttpHeaders, path = '/api/acts', method = 'POST'): Promise<number> {
  const own: OutgoingHttpHeaders = { ...console.own, ...JSON_TYPE, ...headers }
  for (const key of Object.keys(own)) if (own[key] === undefined) delete own[key]
  const lines = console.log.length
  const { status } = await console.raw({
    method,
    path,
    headers: own,
    body: method === 'POST' ? PURGE : undefined,
  })
  expect(console.log.length).toBeGreaterThan(lines)
  expect((await broker.admin.inspect(orders))?.depth).toBe(1)
  return status
}

test('the same act with nothing wrong about it is done', async () => {
  const { status } = await console.raw({
    method: 'POST',
    path: '/api/acts',
    headers: { ...console.own, ...JSON_TYPE },
    body: JSON.stringify({ act: 'declare', broker: 'mem', address: name }),
  })
  expect(status).toBe(200)
})

test.each([
  ['another name (DNS rebinding)', 'evil.example'],
  ['another name with the port', 'evil.example:PORT'],
  ['a name that ends like ours', '127.0.0.1.evil.example:PORT'],
  ['no port', '127.0.0.1'],
  ['another port', '127.0.0.1:1'],
  ['a login', 'x@127.0.0.1:PORT'],
  ['0.0.0.0', '0.0.0.0:PORT'],
  ['another loopback address', '127.0.0.2:PORT'],
  ['a number', '2130706433:PORT'],
])('Host with %s is refused', async (_, host) => {
  expect(await attack({ host: host.replace('PORT', String(console.port)) })).toBe(421)
})

test('a foreign Host gets no part of the page either', async () => {
  for (const path of ['/', '/app.js', '/app.css', '/api/session'])
    expect((await console.raw({ path, headers: { ...console.own, host: 'evil.example' } })).status).toBe(421)
})

test('no Host, an empty one, and two are refused', async () => {
  for (const lines of ['', 'Host:\r\n', 'Host: \r\n'])
    expect(await spoken(`GET / HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 (400|421) /,
    )
  expect(await spoken('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 (400|421) /)
  const answer = await spoken(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${console.port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 (400|421) /)
})

test.each([
  ['another site', 'http://evil.example'],
  ['null (a sandboxed frame, a file)', 'null'],
  ['another port of this host', 'http://127.0.0.1:1'],
  ['another scheme', 'https://127.0.0.1:PORT'],
  ['a name that begins like ours', 'http://127.0.0.1:PORT.evil.example'],
])('Origin of %s is refused', async (_, origin) => {
  expect(await attack({ origin: origin.replace('PORT', String(console.port)) })).toBe(403)
})

test.each(['cross-site', 'same-site', 'none'])(
  'a call that a browser marks as %s is refused',
  async (site) => {
    expect(await attack({ 'sec-fetch-site': site })).toBe(403)
  },
)

test.each([
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/plain; application/json',
  'application/json; charset=utf-7',
  'APPLICATION/JSON, text/plain',
  '',
])('a body of type «%s» is refused, with our header and without', async (type) => {
  expect(await attack({ 'content-type': type || undefined })).toBe(415)
  // As a form or a simple fetch of another page would come: no header of ours, the cookie of a browser that does not know SameSite.
  expect(
    await attack({
      'content-type': type || undefined,
      'sluice-console': undefined,
      'sec-fetch-site': undefined,
    }),
  ).toBe(403)
})

test('no answer lets another origin read it, to a preflight neither', async () => {
  const preflight = {
    origin: 'http://evil.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'sluice-console',
  }
  const answers = [
    await console.raw({ method: 'OPTIONS', path: '/api/acts', headers: preflight }),
    await console.raw({
      method: 'OPTIONS',
      path: '/api/acts',
      headers: { ...preflight, origin: console.origin },
    }),
    await console.get('/api/session'),
    await console.raw({ path: '/', headers: {} }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([405, 405, 200, 200])
  for (const { headers } of answers)
    expect(Object.keys(headers).filter((header) => header.startsWith('access-control'))).toEqual([])
})

test('without the header of the page, or with another value, a call is refused', async () => {
  for (const value of [undefined, '', '0', '1, 1', 'true'])
    expect(await attack({ 'sluice-console': value })).toBe(403)
})

test('the key of the link works once, whoever comes second', async () => {
  const path = console.url.slice(console.origin.length)
  expect((await console.raw({ path })).status).toBe(403)
  expect((await console.raw({ path: '/?token=' })).status).toBe(403)
  expect((await console.raw({ path: `/?token=${'A'.repeat(43)}` })).status).toBe(403)
  const { url: another } = await console.posted<{ url: string }>('/api/link', {})
  const once = await console.raw({ path: another.slice(console.origin.length) })
  expect([once.status, once.headers.location]).toEqual([303, '/'])
  expect(once.headers['set-cookie']![0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/; Max-Age=\d+$/)
  expect((await console.raw({ path: another.slice(console.origin.length) })).status).toBe(403)
  expect(console.log.join('\n')).not.toContain(new URL(another).searchParams.get('token'))
})

test('a key in an API path, a header or a cookie is no way in', async () => {
  const { url: another } = await console.posted<{ url: string }>('/api/link', {})
  const key = new URL(another).searchParams.get('token')!
  const calls = { 'sluice-console': '1' }
  expect((await console.raw({ path: `/api/session?token=${key}`, headers: calls })).status).toBe(401)
  expect(
    (await console.raw({ path: '/api/session', headers: { ...calls, authorization: `Bearer ${key}` } }))
      .status,
  ).toBe(401)
  const name = console.cookie.split('=')[0]
  expect(
    (await console.raw({ path: '/api/session', headers: { ...calls, cookie: `${name}=${key}` } })).status,
  ).toBe(401)
})

test('no cookie, a wrong one, an empty one, or a second one of the name: not in', async () => {
  const [cookie, secret] = console.cookie.split('=')
  for (const wrong of [
    undefined,
    `${cookie}=x`,
    `${cookie}=`,
    `${cookie}=evil; ${console.cookie}`,
    `${console.cookie}; ${cookie}=evil`,
    `x${console.cookie}`,
    `sluice-console=${secret}`,
  ])
    expect(await attack({ cookie: wrong })).toBe(401)
  expect(
    (
      await console.raw({
        path: '/api/session',
        headers: { ...console.own, cookie: `a=b; ${console.cookie}; c=d` },
      })
    ).status,
  ).toBe(200)
})

test('the page is in no frame, and its parts are in no other page', async () => {
  const { headers } = await console.raw({ path: '/' })
  expect(headers['content-security-policy']).toContain("default-src 'none'")
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|data:|blob:/)
  expect(headers).toMatchObject({
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  })
  const framed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
  expect((await console.raw({ path: '/', headers: framed })).status).toBe(403)
  expect(
    (await console.raw({ path: '/', headers: { ...framed, 'sec-fetch-site': 'same-origin' } })).status,
  ).toBe(403)
  const script = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }
  expect((await console.raw({ path: '/app.js', headers: script })).status).toBe(403)
  // A link to it, in a mail for example, may be followed: the page holds nothing.
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  expect((await console.raw({ path: '/', headers: link })).status).toBe(200)
})

test('every answer has the headers, a refusal too', async () => {
  const answers = [
    await console.get('/api/nothing'),
    await console.raw({ path: '/nothing' }),
    await console.raw({ path: '/', headers: { host: 'evil.example' } }),
    await console.raw({ method: 'DELETE', path: '/' }),
    await console.post('/api/acts', 'no act'),
  ]
  for (const { headers } of answers) {
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['content-type']).toMatch(/^application\/json/)
  }
})

test.each([
  '/../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%2f..%2fetc/passwd',
  '/api/../app.js',
  '/api/%2e%2e/app.js',
  '/app.js/',
  '//evil.example/',
  '/\\evil.example',
  '/app.js%00.css',
  '/page/index.html',
  '/package.json',
  '/api/brokers/%2e%2e/nodes',
  '/API/session',
  '/api//session',
])('the path %s leads nowhere', async (path) => {
  const { status, text } = await console.raw({ path, headers: console.own })
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
  expect(text).not.toContain('root:')
})

test('a whole URL instead of a path, and other forms of a target, are refused', async () => {
  const host = `127.0.0.1:${console.port}`
  for (const target of [
    `http://evil.example/`,
    `http://${host}/api/session`,
    '*',
    `/ /api`,
    '/%zz',
    `/${'a'.repeat(5_000)}`,
  ])
    expect(await spoken(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 4\d\d /,
    )
})

test('headers that would give a method or an origin of their own change nothing', async () => {
  const tricks = {
    'x-http-method-override': 'POST',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-for': '1.2.3.4',
    'x-original-url': '/api/acts',
    'x-rewrite-url': '/api/acts',
    forwarded: 'host=evil.example',
  }
  const { status } = await console.raw({ path: '/api/session', headers: { ...console.own, ...tricks } })
  expect(status).toBe(200)
  expect(
    (await console.raw({ path: '/api/session', headers: { ...tricks, 'sluice-console': '1' } })).status,
  ).toBe(401)
})

test('a request within a request (smuggling) is refused', async () => {
  const host = `Host: 127.0.0.1:${console.port}`
  for (const framing of [
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: xchunked',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: +5',
    'Transfer-Encoding : chunked',
  ])
    expect(
      await spoken(`POST /api/acts HTTP/1.1\r\n${host}\r\n${framing}\r\nConnection: close\r\n\r\n0\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 4\d\d /)
  expect(
    await spoken(`GET /api/session HTTP/1.1\r\n${host}\r\nX: a\r\n b: c\r\nConnection: close\r\n\r\n`),
  ).toMatch(/^HTTP\/1\.1 4\d\d /)
})

test('a body with GET is refused', async () => {
  const { status } = await console.raw({
    path: '/api/session',
    headers: { ...console.own, 'content-length': 2 },
    body: '{}',
  })
  expect(status).toBe(400)
})

test('10 MB of nested JSON is refused, and the console goes on', async () => {
  const deep = '['.repeat(5_000_000) + ']'.repeat(5_000_000)
  const headers = { ...console.own, ...JSON_TYPE }
  for (const path of ['/api/acts', '/api/compare', '/api/brokers/mem/browse']) {
    const answer = await console
      .raw({ method: 'POST', path, headers, body: deep })
      .catch((error: NodeJS.ErrnoException) => error)
    // A server that does not read on may end the connection before its answer was read.
    if (answer instanceof Error)
      expect(answer).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) })
    else expect([400, 413]).toContain(answer.status)
  }
  expect((await console.get('/api/session')).status).toBe(200)
})

test('a body that never says how long it is ends at the limit', async () => {
  const headers = { ...console.own, ...JSON_TYPE, 'transfer-encoding': 'chunked' }
  const answer = await console
    .raw({ method: 'POST', path: '/api/compare', headers, body: `"${'a'.repeat(1024 * 1024)}"` })
    .catch((error: NodeJS.ErrnoException) => error)
  if (answer instanceof Error)
    expect(answer).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) })
  else expect(answer.status).toBe(413)
})

test('keys of prototypes are refused where they are none of the call, and are data where they may stand', async () => {
  for (const key of ['__proto__', 'constructor', 'prototype', 'toString']) {
    const body = `{"address":${JSON.stringify(name)},${JSON.stringify(key)}:{"limit":1,"disturb":true}}`
    const { status } = await console.raw({
      method: 'POST',
      path: '/api/brokers/mem/browse',
      headers: { ...console.own, ...JSON_TYPE },
      body,
    })
    expect(status).toBe(400)
  }
  const act = `{"act":"send","broker":"mem","address":${JSON.stringify(`${name}-keys`)},"messages":[{"body":{"kind":"text","text":"x"},"fields":{"properties":{"__proto__":"a","constructor":"b"}}}]}`
  await broker.admin.declare(queue(`${name}-keys`))
  const { status } = await console.raw({
    method: 'POST',
    path: '/api/acts',
    headers: { ...console.own, ...JSON_TYPE },
    body: act,
  })
  expect(status).toBe(200)
  const { messages } = await console.posted<{ messages: { properties: object }[] }>(
    '/api/brokers/mem/browse',
    { address: `${name}-keys` },
  )
  expect(Object.entries(messages[0]!.properties)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
  expect(({} as Record<string, unknown>).a).toBeUndefined()
  for (const other of ['__proto__', 'constructor']) {
    expect((await console.get(`/api/brokers/${other}/capabilities`)).status).toBe(404)
    expect((await console.post('/api/acts', { act: other, broker: 'mem', address: name })).status).toBe(400)
  }
})

test('only brokers of the configuration: no URL, no path (SSRF)', async () => {
  for (const other of [
    'redis://127.0.0.1:6379',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'file:./data',
    'memory:other',
    url,
  ]) {
    expect((await console.get(`/api/brokers/${encodeURIComponent(other)}/nodes`)).status).toBe(404)
    expect((await console.post('/api/acts', { act: 'declare', broker: other, address: 'x' })).status).toBe(
      404,
    )
    expect(
      (
        await console.post('/api/compare', {
          left: { broker: other, address: 'x' },
          right: { broker: 'mem', address: name },
        })
      ).status,
    ).toBe(404)
  }
  for (const field of ['url', 'host', 'path', 'file'])
    expect(
      (
        await console.post('/api/acts', {
          act: 'declare',
          broker: 'mem',
          address: 'x',
          [field]: 'file:///etc/passwd',
        })
      ).status,
    ).toBe(400)
})

test('a condition is no program', async () => {
  for (const where of [
    'process.exit(1)',
    'M.constructor',
    'constructor',
    '(() => 1)()',
    'C.x',
    '`x`',
    'M["__proto__"]',
    `${'('.repeat(5_000)}`,
    `P["a"] ~ ${'"a'.repeat(3_000)}`,
  ])
    expect((await console.post('/api/brokers/mem/browse', { address: name, where })).status, where).toBe(400)
})

test('1,000 streams: few are let in, the others are told so, and the console goes on', async () => {
  const streams: TestStream[] = []
  let refused = 0
  for (let batch = 0; batch < 10; batch++) {
    const opened = await Promise.allSettled(Array.from({ length: 100 }, () => TestStream.open(console)))
    for (const result of opened) {
      if (result.status === 'fulfilled') streams.push(result.value)
      else refused += 1
    }
  }
  expect(streams.length).toBeLessThanOrEqual(16)
  expect(streams.length + refused).toBe(1_000)
  expect((await console.get('/api/session')).status).toBe(200)
  for (const stream of streams) await stream[Symbol.asyncDispose]()
  await using again = await eventually(() => TestStream.open(console))
  await again.first('hello')
}, 60_000)

test('slow loris: who sends his request byte by byte is left, and others are served meanwhile', async () => {
  const begun = performance.now()
  const slow = Array.from({ length: 50 }, () => dripping())
  expect((await console.get('/api/session')).status).toBe(200)
  const ends = await Promise.all(slow)
  for (const text of ends) expect(text).toMatch(/^(HTTP\/1\.1 408 |$)/)
  expect(performance.now() - begun).toBeLessThan(20_000)
}, 40_000)

test('what is no HTTP is answered, and ended', async () => {
  for (const bytes of [
    'hello\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00',
    'GET / HTTP/9.9\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(5_000)}\r\n`,
  ])
    expect(await spoken(bytes)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/)
})

test('a line of the log is one line, whatever was asked', async () => {
  await console.raw({
    path: '/api/brokers/%0a2026%20console%20act=forged%e2%80%ae/nodes',
    headers: console.own,
  })
  await console.post('/api/acts', { act: 'purge', broker: 'mem', address: "'a\nb\u202e\u001b[2J'" })
  for (const line of console.log) expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u)
  expect(console.log.some((line) => line.startsWith('2026 console act=forged'))).toBe(false)
})

/** Says exactly this over a socket, and resolves to the answer. */
function spoken(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(console.port, '127.0.0.1', () => socket.write(text, 'latin1'))
    let answer = ''
    socket.setTimeout(30_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve(answer) : reject(error),
    )
    socket.on('close', () => resolve(answer))
  })
}

/** A header a byte a time, without end. */
function dripping(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectSocket(console.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nX: '))
    let answer = ''
    const timer = setInterval(() => socket.write('a'), 100)
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(timer)
      resolve(answer)
    })
  })
}
