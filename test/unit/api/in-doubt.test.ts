/** What a send that ended without the broker's answer says of the message. */
import { expect, test } from 'vitest'
import { outgoingMessage } from '../../../src/api/send/outgoing.ts'
import { SendPipeline } from '../../../src/api/send/send-pipeline.ts'
import type { AdapterSender, Transfer } from '../../../src/contract/adapter.ts'
import { MessagingError } from '../../../src/model/errors.ts'

const ENCODING = { codecs: new Map(), structuredNative: false, maxBodyBytes: Number.POSITIVE_INFINITY }

function message(body: unknown, id: string) {
  return outgoingMessage(
    body,
    { id },
    { subject: undefined, durable: true, ttlMs: undefined, encoding: ENCODING },
  )
}

/** A link whose broker never answers. */
class SilentLink implements AdapterSender {
  readonly written: Transfer[] = []
  send(transfer: Transfer): void {
    this.written.push(transfer)
  }
  async close(): Promise<void> {}
}

function pipeline(capacity = 10): SendPipeline {
  return new SendPipeline({
    label: 'q',
    adapter: 'test',
    capacity,
    resend: true,
    holdUp: () => undefined,
    keptOut: () => undefined,
  })
}

async function failure(sent: Promise<unknown>): Promise<MessagingError> {
  const error: unknown = await sent.catch((problem) => problem)
  if (error instanceof MessagingError) return error
  throw new Error(`expected a failure, got ${String(error)}`)
}

test('a send that is aborted after it was written is in doubt, and names its message', async () => {
  const sends = pipeline()
  sends.up(new SilentLink())
  const abort = new AbortController()
  const sent = sends.submit(message('x', 'one'), 10_000, abort.signal)
  abort.abort()
  const error = await failure(sent)
  expect(error.code).toBe('ABORTED')
  expect(error.context).toMatchObject({ messageId: 'one', inDoubt: true, address: 'q', adapter: 'test' })
})

test('a send that is aborted before it was written is not in doubt', async () => {
  const sends = pipeline()
  const abort = new AbortController()
  const sent = sends.submit(message('x', 'one'), 10_000, abort.signal)
  abort.abort()
  expect((await failure(sent)).context).toMatchObject({ messageId: 'one', inDoubt: false })
  const late = await failure(sends.submit(message('x', 'two'), 10_000, abort.signal))
  expect(late.context).toMatchObject({ messageId: 'two', inDoubt: false })
})

test('a send that was written on a lost link and waits for the next one is in doubt still', async () => {
  const sends = pipeline()
  sends.up(new SilentLink())
  const abort = new AbortController()
  const sent = sends.submit(message('x', 'one'), 10_000, abort.signal)
  sends.down(new MessagingError('CONNECTION_LOST', 'gone'))
  abort.abort()
  expect((await failure(sent)).context.inDoubt).toBe(true)
})

test('sends that nobody awaits are limited by their bytes, and take more once some are gone', async () => {
  const sends = pipeline()
  const body = Buffer.alloc(64 * 1024 * 1024)
  const aborts: AbortController[] = []
  const waiting: Promise<unknown>[] = []
  for (let at = 0; at < 4; at++) {
    const abort = new AbortController()
    aborts.push(abort)
    waiting.push(failure(sends.submit(message(body, `big-${at}`), 10_000, abort.signal)))
  }
  const refused = await failure(sends.submit(message('one byte more', 'small'), 10_000, undefined))
  expect(refused.code).toBe('CAPACITY_EXCEEDED')
  expect(refused.context.messageId).toBe('small')
  aborts[0]!.abort()
  await waiting[0]
  const late = new AbortController()
  const taken = failure(sends.submit(message('now', 'taken'), 10_000, late.signal))
  late.abort()
  expect((await taken).code).toBe('ABORTED')
  for (const abort of aborts) abort.abort()
  await Promise.all(waiting)
  expect(sends.unsettled).toBe(0)
})

test('a send whose link cannot be opened is told what holds it up: a broker that takes nothing, or one that is away', async () => {
  const held = async (holdUp: 'away' | 'blocked' | undefined): Promise<string> => {
    const options = {
      label: 'q',
      adapter: 'test',
      capacity: 1,
      resend: true,
      holdUp: () => holdUp,
      keptOut: () => undefined,
    }
    const error = await failure(new SendPipeline(options).submit(message('x', 'one'), 1, undefined))
    return `${error.code}: ${error.message}`
  }
  expect(await held('blocked')).toBe(
    'CAPACITY_EXCEEDED: The broker took no messages for the whole time allowed',
  )
  expect(await held('away')).toBe(
    'CONNECTION_LOST: No connection came back in time; the message was not sent',
  )
  expect(await held(undefined)).toBe(
    'CONNECTION_LOST: The link was not open in time; the message was not sent',
  )
})

/** A broker that ends the connection whenever one message comes, which it reads before it answers those that came before. */
async function answeredBy(
  sends: SendPipeline,
  cause: MessagingError,
  isBad: (id: string) => boolean,
): Promise<number> {
  let losses = 0
  while (sends.unsettled > 0 && losses < 10) {
    const link = new SilentLink()
    sends.up(link)
    let bad = false
    for (let at = 0; at < link.written.length && !bad; at++) {
      bad = link.written.slice(at).some((transfer) => isBad(transfer.message.id))
      if (!bad) link.written[at]!.settle()
    }
    if (!bad) break
    losses++
    sends.down(cause)
  }
  return losses
}

test('a message that the broker ends the connection over twice is not sent again, and the others are', async () => {
  const sends = pipeline()
  const outcomes = ['a', 'b', 'bad', 'c'].map((id) =>
    sends.submit(message('x', id), 10_000, undefined).then(
      () => id,
      (error: MessagingError) => error,
    ),
  )
  const cause = new MessagingError('CONNECTION_LOST', 'no such type', {
    context: { reason: 'broker-refused' },
  })
  expect(await answeredBy(sends, cause, (id) => id === 'bad')).toBe(3)
  const [a, b, bad, c] = await Promise.all(outcomes)
  expect([a, b, c]).toEqual(['a', 'b', 'c'])
  expect(bad).toMatchObject({
    code: 'SEND_UNCONFIRMED',
    retryable: false,
    message: expect.stringContaining('no such type'),
    context: { messageId: 'bad', inDoubt: true, reason: 'broker-refused' },
  })
})

test('a message on a line that is lost again and again is sent again', async () => {
  const sends = pipeline()
  const sent = sends.submit(message('x', 'one'), 10_000, undefined)
  for (let loss = 0; loss < 5; loss++) {
    sends.up(new SilentLink())
    sends.down(new MessagingError('CONNECTION_LOST', 'gone'))
  }
  const link = new SilentLink()
  sends.up(link)
  link.written[0]!.settle()
  expect(await sent).toEqual({ id: 'one' })
})

/** A link whose broker gives no credit: what it is given is kept. */
class KeepingLink extends SilentLink {
  withdraw(transfer: Transfer): boolean {
    const at = this.written.indexOf(transfer)
    if (at >= 0) this.written.splice(at, 1)
    return at >= 0
  }
}

test('a send that its link kept is taken back when its time is up, and is not in doubt', async () => {
  const sends = pipeline(2)
  const link = new KeepingLink()
  sends.up(link)
  const abort = new AbortController()
  const first = failure(sends.submit(message('x', 'first'), 1, undefined))
  const second = failure(sends.submit(message('x', 'second'), 10_000, abort.signal))
  const third = sends.submit(message('x', 'third'), 10_000, undefined)
  expect(await first).toMatchObject({
    code: 'CAPACITY_EXCEEDED',
    context: { messageId: 'first', inDoubt: false },
  })
  abort.abort()
  expect((await second).context).toMatchObject({ messageId: 'second', inDoubt: false })
  expect(link.written.map((transfer) => transfer.message.id)).toEqual(['third'])
  link.written[0]!.settle()
  expect(await third).toEqual({ id: 'third' })
})

test('a send that its link kept after it was written on an earlier one is in doubt still', async () => {
  const sends = pipeline()
  sends.up(new SilentLink())
  const abort = new AbortController()
  const sent = failure(sends.submit(message('x', 'one'), 10_000, abort.signal))
  sends.down(new MessagingError('CONNECTION_LOST', 'gone'))
  sends.up(new KeepingLink())
  abort.abort()
  expect((await sent).context.inDoubt).toBe(true)
})

test('a right that is missing says that nothing was taken, but of what an earlier link may have brought', async () => {
  const denied = new MessagingError('UNAUTHORIZED', 'no right to write')
  const fresh = pipeline()
  fresh.up(new SilentLink())
  const refused = failure(fresh.submit(message('x', 'one'), 10_000, undefined))
  fresh.fail(denied)
  expect((await refused).code).toBe('UNAUTHORIZED')

  const sends = pipeline()
  sends.up(new SilentLink())
  const sent = failure(sends.submit(message('x', 'two'), 10_000, undefined))
  sends.down(new MessagingError('CONNECTION_LOST', 'gone'))
  sends.fail(denied)
  expect(await sent).toMatchObject({ code: 'SEND_UNCONFIRMED', cause: denied })
})
