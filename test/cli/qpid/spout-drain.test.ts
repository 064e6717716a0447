/** spout and drain, as their users know them from Apache Qpid, between processes on a `file:` broker. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { wireFormOf } from '../../../src/adapters/rabbitmq/codec/written-form.ts'
import { execute } from '../../../src/cli/command/program.ts'
import { drain as drainCommand } from '../../../src/cli/verbs/drain/drain.ts'
import { uniqueName } from '../../support/names.ts'
import { Commands, type Ended } from '../commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

let broker: string
beforeEach(() => {
  broker = `file:${join(commands.scratch, uniqueName('store'))}`
})

// A store ends with its process, so that queue and messages have to outlive it.
const MADE = 'q; {create: always, node: {durable: True}}'
const MADE_LINES = 'lines; {create: always, node: {durable: True}}'

function spout(...args: string[]): Promise<Ended> {
  return commands.run('spout', '-b', broker, '-d', ...args)
}

function drain(...args: string[]): Promise<Ended> {
  return commands.run('drain', '-b', broker, ...args)
}

function ok(ended: Ended): string {
  expect(ended.err).toBe('')
  expect(ended.code).toBe(0)
  return ended.text
}

/** Properties of AMQP 0-9-1 as they stand on the wire: a message id, and headers with a decimal and a number of 8 bits. */
function headerOf(id: string): Buffer {
  const header = (name: string, type: string, ...value: number[]): Buffer =>
    Buffer.concat([Buffer.of(name.length), Buffer.from(name + type), Buffer.from(value)])
  const headers = Buffer.concat([header('price', 'D', 2, 0, 0, 0, 199), header('small', 'b', 7)])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(headers.length)
  // protocol: the flags of headers (bit 13) and message-id (bit 7), then both in this order.
  return Buffer.concat([Buffer.of(0x20, 0x80), length, headers, Buffer.of(id.length), Buffer.from(id)])
}

describe('what the next command finds on file:', () => {
  it('is there without a word about durability, queues as well as messages', async () => {
    expect((await commands.run('spout', '-b', broker, 'hello; {create: always}', 'x')).code).toBe(0)
    expect(ok(await drain('hello', '-p', '%(C)s'))).toBe('x\n')
    expect((await commands.run('spout', '-b', broker, 'hello', 'y')).code).toBe(0)
    expect(ok(await drain('hello', '-p', '%(C)s'))).toBe('y\n')
  })

  it('is not what was asked to be transient', async () => {
    expect(
      (await commands.run('spout', '-b', broker, 'hello; {create: always, node: {durable: False}}', 'x'))
        .code,
    ).toBe(0)
    expect((await drain('hello')).err).toContain('no such queue: hello')
  })
})

describe('spout', () => {
  it('sends the words joined by one blank and prints the message', async () => {
    const text = ok(await spout(MADE, 'Hello', 'my', 'world'))
    expect(text).toMatch(
      /^Message\(durable=True, properties=\{'spout-id': '[0-9a-f-]{36}:0'\}, content='Hello my world'\)\n$/,
    )
    expect(ok(await drain('q'))).toBe(text)
  })

  it('without content sends an empty text', async () => {
    expect(ok(await spout('-I', 'x', MADE))).toBe(
      "Message(durable=True, properties={'spout-id': 'x:0'}, content_type='text/plain')\n",
    )
    expect(ok(await drain('q'))).toBe("Message(durable=True, properties={'spout-id': 'x:0'}, content='')\n")
  })

  it('numbers the messages of a run from 0, in order', async () => {
    ok(await spout('-c', '3', '-I', 'run', MADE, 'x'))
    expect(ok(await drain('-p', '%(P["spout-id"])s', 'q'))).toBe('run:0\nrun:1\nrun:2\n')
  })

  it('takes properties, subject and reply address; NAME alone is null, only the first = divides', async () => {
    const options = [
      '-P',
      'a=b=c',
      '-P',
      'empty=',
      '-P',
      'none',
      '-P',
      'a2=1',
      '-P',
      'a2=2',
      '-S',
      'sub',
      '-R',
      'answers/x',
    ]
    const text = ok(await spout('-I', 'i', ...options, MADE, 'x'))
    expect(text).toBe(
      "Message(subject='sub', reply_to='answers/x', durable=True, properties={'spout-id': 'i:0', 'a': 'b=c', 'empty': '', 'none': None, 'a2': '2'}, content='x')\n",
    )
    expect(ok(await drain('q'))).toBe(text)
  })

  it('-P spout-id replaces the generated one', async () => {
    expect(ok(await spout('-P', 'spout-id=mine', MADE))).toContain("'spout-id': 'mine'}")
  })

  it('-M makes the content a map, with the text under text', async () => {
    const text = ok(await spout('-I', 'i', '-M', 'k=v', '-M', 'n', MADE, 'some', 'text'))
    expect(text).toBe(
      "Message(durable=True, properties={'spout-id': 'i:0'}, content={'text': 'some text', 'k': 'v', 'n': None})\n",
    )
    expect(ok(await drain('-p', '%(C["k"])s %(len(C))d %(C["n"])s', 'q'))).toBe('v 3 None\n')
  })

  it('passes durability, priority, time to live and correlation id on', async () => {
    const options = ['-d', '--priority', '7', '--ttl', '60000', '--correlation-id', 'c-1']
    expect(ok(await spout('-I', 'i', ...options, MADE, 'x'))).toBe(
      "Message(correlation_id='c-1', priority=7, ttl=60.0, durable=True, properties={'spout-id': 'i:0'}, content='x')\n",
    )
    const [message] = ok(await drain('--json', 'q'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(message).toMatchObject({ durable: true, priority: 7, correlationId: 'c-1', body: 'x' })
    expect(message.ttlMs).toBeGreaterThan(0)
    expect(message.ttlMs).toBeLessThanOrEqual(60_000)
  })

  it.each([
    ['-c', '-1'],
    ['-t', '0'],
  ])('%s %s sends nothing and ends with 0', async (...option) => {
    expect(ok(await spout(...option, MADE, 'x'))).toBe('')
    expect(ok(await drain('q'))).toBe('')
  })

  it('-c 0 sends until -t', async () => {
    const lines = ok(await spout('-c', '0', '-t', '0.3', MADE, 'x'))
      .trim()
      .split('\n')
    expect(lines.length).toBeGreaterThan(1)
    expect(
      ok(await drain('q'))
        .trim()
        .split('\n'),
    ).toEqual(lines)
  })

  it('the subject of an address is the default one', async () => {
    ok(await spout('q/from-address; {create: always, node: {durable: True}}', 'x'))
    ok(await spout('-S', 'own', 'q/from-address', 'x'))
    expect(ok(await drain('-p', '%(M.subject)s', 'q'))).toBe('from-address\nown\n')
  })

  it('a full queue is an error on stderr, and what was sent before stays', async () => {
    const address =
      "q; {create: always, node: {durable: True, x-declare: {arguments: {'qpid.max_count': 2}}}}"
    const { code, err, text } = await spout('-c', '3', address, 'x')
    expect(code).toBe(1)
    expect(err).toContain('SEND_REJECTED')
    expect(text.trim().split('\n')).toHaveLength(2)
  })
})

describe('drain', () => {
  it('browses without taking, then takes', async () => {
    const text = ok(await spout('-c', '3', MADE, 'x'))
    expect(ok(await drain('q; {mode: browse}'))).toBe(text)
    expect(ok(await drain('q; {mode: browse}'))).toBe(text)
    expect(ok(await drain('q'))).toBe(text)
    expect(ok(await drain('q'))).toBe('')
  })

  it('-c takes so many and leaves the rest in its place', async () => {
    ok(await spout('-c', '5', '-I', 'i', MADE, 'x'))
    const ids = ['-p', '%(P["spout-id"])s']
    expect(ok(await drain('-c', '2', ...ids, 'q'))).toBe('i:0\ni:1\n')
    expect(ok(await drain('-c', '-1', ...ids, 'q'))).toBe('')
    expect(ok(await drain(...ids, 'q'))).toBe('i:2\ni:3\ni:4\n')
  })

  it('-f waits until Ctrl-C, ends quietly with 0, and has taken what it printed', async () => {
    // A store is open in one process at a time, so the message is there before.
    ok(await spout('-I', 'i', MADE, 'x'))
    const running = commands.start({}, 'drain', '-b', broker, '-f', 'q')
    await running.printed(/spout-id/)
    const ended = await running.kill('SIGINT')
    expect(ended).toMatchObject({ code: 0, err: '' })
    expect(ok(await drain('q'))).toBe('')
  })

  it('-t waits that long', async () => {
    ok(await spout(MADE, 'x'))
    const before = performance.now()
    ok(await drain('-t', '0.5', 'q'))
    expect(performance.now() - before).toBeGreaterThan(500)
  })

  it('a wrong format is refused before anything is taken', async () => {
    ok(await spout(MADE, 'x'))
    for (const format of [
      '%(1+1)s',
      '%(M.nothing)s',
      '%(M.subject)x',
      '%(M.subject',
      '%s',
      '%(C)',
      '%(__import__("os"))s',
    ]) {
      const { code, err, text } = await drain('-p', format, 'q')
      expect({ format, code, text }).toEqual({ format, code: 1, text: '' })
      expect(err).toContain('drain: error: ')
    }
    expect(ok(await drain('-p', '%(C)s', 'q'))).toBe('x\n')
  })

  it('a message without what the format names stays, and those printed before it are taken', async () => {
    ok(await spout('-P', 'n=1', MADE, 'with'))
    ok(await spout('q', 'without'))
    const { code, err, text } = await drain('-p', '%(P["n"])s', 'q')
    expect({ code, text }).toEqual({ code: 1, text: '1\n' })
    expect(err).toContain("the message has no 'n'")
    expect(ok(await drain('-p', '%(C)s', 'q'))).toBe('without\n')
  })

  it('a reader that goes away ends it quietly', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index} ${'x'.repeat(50)}\n`).join('')
    ok(await commands.runWith({ input: lines }, 'spout', '-b', broker, '-d', MADE, '--content-stdin'))
    const running = commands.start({}, 'drain', '-b', broker, 'q')
    await running.printed(/line 0/)
    running.process.stdout!.destroy()
    expect(await running.ended).toMatchObject({ code: 0, err: '' })
    // What could not be written is still there.
    expect(ok(await drain('-c', '1', '-p', '%(C)s', 'q'))).toMatch(/^line \d+ /)
  })
})

describe('an output without room', () => {
  const full = (): Writable =>
    new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })),
    })

  it('is an error, and what could not be written stays at the broker', async () => {
    ok(await spout(MADE, 'x'))
    const err: string[] = []
    const streams = {
      input: Readable.from([]),
      out: full(),
      err: new Writable({ write: (chunk, _encoding, done) => done(void err.push(String(chunk))) }),
    }
    const code = await execute(
      'drain',
      drainCommand,
      ['-b', broker, 'q'],
      streams,
      new AbortController().signal,
    )
    expect(code).toBe(1)
    expect(err.join('')).toContain('drain: error: the output cannot be written: ENOSPC')
    expect(ok(await drain('-p', '%(C)s', 'q'))).toBe('x\n')
  })
})

describe('streams', () => {
  const hostile = Buffer.concat([
    Buffer.from('plain\n\nempty above\r\ncaf\u00e9 \u{1f600}\n\x1b[2J\x1b[1;1Hforged\nnul \0 tab \t\n'),
    Buffer.from([0xff, 0xfe, 0x80, 0x0a, 0xef, 0xbb, 0xbf, 0x41, 0x0a, 0x0a]),
    Buffer.from(
      Array.from({ length: 300 }, (_, index) => `${index} ${randomBytes(index).toString('base64')}\n`).join(
        '',
      ),
    ),
  ])

  it('what goes in line by line comes out byte by byte: browsing, by format, by content, and after both were killed', async () => {
    const address = MADE_LINES
    ok(await commands.runWith({ input: hostile }, 'spout', '-d', '-b', broker, address, '--content-stdin'))
    expect((await drain('lines; {mode: browse}', '--content-only')).out).toEqual(hostile)
    expect((await commands.run('sluice', 'browse', '-b', broker, 'lines', '-p', '%(C)s')).out).toEqual(
      hostile,
    )
    expect((await drain('-p', '%(C)s', 'lines')).out).toEqual(hostile)
    expect(ok(await drain('lines'))).toBe('')
  })

  it('a spout and a drain that are killed lose nothing that was confirmed', async () => {
    const sending = commands.start({}, 'spout', '-b', broker, '-d', MADE_LINES, '--content-stdin', '--print')
    for (let index = 0; index < 500; index++) sending.process.stdin!.write(`line ${index}\n`)
    await sending.printed(/line 499/)
    await sending.kill('SIGKILL')
    const taking = commands.start(
      {},
      'drain',
      '-b',
      broker,
      'lines',
      '-f',
      '--receive-rate',
      '200',
      '-p',
      '%(C)s',
    )
    await taking.printed(/line 20\n/)
    const { text } = await taking.kill('SIGKILL')
    const rest = ok(await drain('-p', '%(C)s', 'lines'))
    const seen = new Set((text + rest).trim().split('\n'))
    expect(seen.size).toBe(500)
  })

  it('a saved queue is put back with every field and byte', async () => {
    const options = [
      '-P',
      'k=v',
      '-P',
      'none',
      '-S',
      's',
      '-R',
      'r',
      '--priority',
      '3',
      '-d',
      '--correlation-id',
      'c',
      '--user-id',
      'u',
    ]
    ok(await spout('-c', '2', ...options, MADE, 'text'))
    ok(await spout('-M', 'key=value', 'q', 'map'))
    ok(
      await commands.runWith(
        { input: hostile.subarray(0, 200) },
        'spout',
        '-b',
        broker,
        'q',
        '--content-stdin',
      ),
    )
    const saved = ok(await drain('--dump', 'q; {mode: browse}'))
    const taken = ok(await drain('--dump', 'q'))
    expect(taken).toBe(saved)
    ok(await commands.runWith({ input: saved }, 'spout', '-b', broker, 'q', '--restore'))
    expect(ok(await drain('--dump', 'q'))).toBe(saved)
  })

  it('what the other kind of broker cannot hold is told once, and the messages are put back', async () => {
    const line = (id: string): string => {
      const form = wireFormOf({ exchange: '', routingKey: 'q' }, headerOf(id))
      const native = { adapter: 'rabbitmq', form: Buffer.from(form).toString('base64') }
      return JSON.stringify({ id, durable: true, text: id, native })
    }
    const input = `${line('one')}\n${line('two')}\n`
    const restored = await commands.runWith({ input }, 'spout', '-b', broker, MADE, '--restore')
    expect(restored.code).toBe(0)
    const lost = 'do not keep what only rabbitmq has: decimals, the length of numbers'
    expect(restored.err.split(lost)).toHaveLength(2)
    expect(restored.err).toContain("NOT_SUPPORTED: Copies to 'q'")
    expect(ok(await drain('-p', '%(M.properties)j %(C)s', 'q'))).toBe(
      '{"price":1.99,"small":7} one\n{"price":1.99,"small":7} two\n',
    )
  })

  it('a damaged line of a saved queue is named', async () => {
    const { code, err } = await commands.runWith(
      { input: '{"text":"a"}\n{"text":5}\n' },
      'spout',
      '-b',
      broker,
      '-d',
      MADE,
      '--restore',
    )
    expect(code).toBe(1)
    expect(err).toContain('line 2: neither text nor base64 holds a body')
  })

  it('--sequence and --verify-sequence find a gap', async () => {
    ok(await spout('-c', '3', '--sequence', MADE, 'x'))
    ok(await drain('--verify-sequence', 'q; {mode: browse}'))
    ok(await spout('-P', 'sn=7', 'q', 'x'))
    const { code, err } = await drain('--verify-sequence', 'q')
    expect(code).toBe(1)
    expect(err).toContain('expected sequence number 4, got 7')
  })

  it('--report-total counts on stderr', async () => {
    const sent = await spout('-c', '3', '--report-total', MADE, 'x')
    expect(sent.err).toMatch(/^count\ttp\(m\/s\)\n3\t\d+\n$/)
    const received = await drain('-q', '--report-total', 'q')
    expect(received).toMatchObject({ code: 0, text: '' })
    expect(received.err).toMatch(/^count\ttp\(m\/s\)\tl-min\tl-max\tl-avg\n3\t\d+(\t[\d.]+){3}\n$/)
  })

  it('--content-size, --capacity and --send-rate', async () => {
    const before = performance.now()
    ok(await spout('-c', '5', '--content-size', '1000', '--capacity', '2', '--send-rate', '20', MADE))
    expect(performance.now() - before).toBeGreaterThan(200)
    expect(ok(await drain('-p', '%(len(C))d', 'q'))).toBe('1000\n'.repeat(5))
  })
})

describe('errors', () => {
  it.each([
    [['spout'], 'spout: error: address is required'],
    [['drain'], 'drain: error: address is required'],
    [['spout', '-x', 'q'], 'spout: error: no such option: -x'],
    [['spout', '--conut', '3', 'q'], 'spout: error: no such option: --conut (did you mean --count?)'],
    [['spout', '-c', 'x', 'q'], "spout: error: option -c: invalid integer value: 'x'"],
    [['drain', '-t', 'soon', 'q'], "drain: error: option -t: invalid floating-point value: 'soon'"],
    [['drain', '-c'], 'drain: error: -c option requires 1 argument'],
    [['spout', '--re', 'q'], 'spout: error: ambiguous option: --re (--reconnect, '],
    [
      ['spout', 'q', 'text', '--content-stdin'],
      'spout: error: CONTENT and --content-stdin cannot be given together',
    ],
    [['drain', 'q', '--json', '--dump'], 'drain: error: --json and --dump cannot be given together'],
    [['drain', '-b', 'user:secret@host', 'q'], 'drain: error: the broker is neither a URL'],
  ])('%j is wrong usage: 2, told on stderr', async ([command, ...args], text) => {
    const ended = await commands.run(command as 'spout', ...args)
    expect(ended).toMatchObject({ code: 2, text: '' })
    expect(ended.err).toMatch(new RegExp(`^Usage: ${command} `))
    expect(ended.err).toContain(text)
    expect(ended.err).not.toContain('secret')
  })

  it.each([
    [['drain', 'nosuch'], 'ADDRESS_NOT_FOUND: no such queue: nosuch'],
    [
      ['drain', 'q; {create: alwais}'],
      "ADDRESS_OPTION_INVALID: error in options: create: alwais not in ('always'",
    ],
    [
      ['spout', 'q; {create: always, mode: browse}', 'x'],
      'ADDRESS_OPTION_INVALID: error in options: mode: illegal key',
    ],
    [['drain', 'q;'], 'ADDRESS_MALFORMED: expecting LBRACE, got EOF line:1,2:q;'],
    [['spout', 'nosuch', 'x'], 'ADDRESS_NOT_FOUND: no such queue: nosuch'],
  ])('%j ends with 1, a code and a hint', async ([command, ...args], text) => {
    const ended = await commands.run(command as 'spout', '-b', broker, ...args)
    expect(ended).toMatchObject({ code: 1, text: '' })
    expect(ended.err).toContain(`${command}: ${text}`)
    expect(ended.err).toMatch(/\n {2}\S/)
  })

  it('a password is never printed', async () => {
    const secret = uniqueName('secret')
    for (const url of [
      `amqp://me:${secret}@127.0.0.1:1`,
      `nosuch://me:${secret}@h`,
      `me/${secret}@127.0.0.1:1`,
    ]) {
      const ended = await commands.run('drain', '-v', '-b', url, 'q')
      expect(ended.code).not.toBe(0)
      expect(ended.text + ended.err).not.toContain(secret)
    }
  })

  it('-r tries again, as many times as -l says, and tells of each attempt', async () => {
    const { code, err } = await commands.run(
      'drain',
      '-r',
      '-i',
      '0.05',
      '-l',
      '2',
      '-b',
      'amqp://127.0.0.1:1',
      'q',
    )
    expect(code).toBe(1)
    expect(err.match(/WARNING recoverable error\[attempt \d+\]: /g)).toEqual([
      'WARNING recoverable error[attempt 1]: ',
      'WARNING recoverable error[attempt 2]: ',
    ])
    expect(err.match(/WARNING sleeping 0.05 seconds/g)).toHaveLength(2)
    expect(err.match(/WARNING trying: 127.0.0.1:1/g)).toHaveLength(2)
    expect(err).toMatch(/\ndrain: CONNECT_FAILED: /)
  })

  it('help has every option and needs no broker', async () => {
    for (const command of ['spout', 'drain'] as const) {
      const text = ok(await commands.run(command, '-h'))
      expect(text).toMatch(new RegExp(`^Usage: ${command} \\[options\\] ADDRESS`))
      for (const option of ['-b', '-r', '-i', '-l', '-c', '-t', '-v', '-h'])
        expect(text).toContain(`  ${option}`)
      expect(text).toContain('Examples:')
    }
    expect(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).toContain('"spout"')
  })
})
