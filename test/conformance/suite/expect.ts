/** Assertions and bounded waits that the cases share. Nothing here sleeps: each waits for a condition with a limit. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Connection, Delivery, ErrorCode, Receiver, StatusEvent } from 'sluice'
import { MessagingError } from 'sluice'

/** How long what must come may take. Unit: ms. A slow broker, or a suite that is expected to fail, may set another. */
export const patience = { ms: 8_000 }
/** How long nothing must come. */
export const QUIET_MS = 150

/** The next delivery; fails when none comes. */
export async function take<Body>(receiver: Receiver<Body>, timeoutMs = patience.ms): Promise<Delivery<Body>> {
  const delivery = await receiver.receive({ timeoutMs })
  assert.ok(delivery, `no delivery within ${timeoutMs} ms`)
  return delivery
}

/** The next `count` deliveries, unsettled. */
export async function takeMany<Body>(receiver: Receiver<Body>, count: number): Promise<Delivery<Body>[]> {
  const taken: Delivery<Body>[] = []
  while (taken.length < count) {
    const delivery = await receiver.receive({ timeoutMs: patience.ms })
    assert.ok(delivery, `only ${taken.length} of ${count} deliveries came`)
    taken.push(delivery)
  }
  return taken
}

/** The next `count` bodies, each accepted. */
export async function bodies<Body>(receiver: Receiver<Body>, count: number): Promise<Body[]> {
  const taken: Body[] = []
  while (taken.length < count) {
    const delivery = await receiver.receive({ timeoutMs: patience.ms })
    assert.ok(
      delivery,
      `only ${taken.length} of ${count} messages came: ${JSON.stringify(taken.slice(0, 20))}`,
    )
    taken.push(delivery.body)
    await delivery.accept()
  }
  return taken
}

/** All bodies that come until it has been quiet for a while, each accepted. */
export async function allBodies<Body>(receiver: Receiver<Body>, quietMs = QUIET_MS): Promise<Body[]> {
  const taken: Body[] = []
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: quietMs })
    if (!delivery) return taken
    taken.push(delivery.body)
    await delivery.accept()
  }
}

/** Asserts that nothing arrives. */
export async function nothing(
  receiver: { receive(options: { timeoutMs: number }): Promise<Pick<Delivery, 'toJSON'> | undefined> },
  quietMs = QUIET_MS,
): Promise<void> {
  const delivery = await receiver.receive({ timeoutMs: quietMs })
  assert.equal(delivery && describe(delivery), undefined, 'a message arrived that must not')
}

function describe(delivery: Pick<Delivery, 'toJSON'>): string {
  return JSON.stringify(delivery.toJSON(), (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

/** Asserts that `action` ends with this code (or one of these), and gives the error. */
export async function fails(
  action: Promise<unknown> | (() => unknown),
  codes: ErrorCode | readonly ErrorCode[],
  timeoutMs = patience.ms,
): Promise<MessagingError> {
  const error = await failure(action, timeoutMs)
  assert.ok(error instanceof MessagingError, `not a MessagingError: ${String(error)}`)
  const allowed = typeof codes === 'string' ? [codes] : codes
  assert.ok(
    allowed.includes(error.code),
    `expected ${allowed.join(' or ')}, got ${error.code}: ${error.message}`,
  )
  return error
}

/** Asserts that `action` ends with a `TypeError`. */
export async function failsWithTypeError(action: Promise<unknown> | (() => unknown)): Promise<void> {
  const error = await failure(action, patience.ms)
  assert.ok(error instanceof TypeError, `not a TypeError: ${String(error)}`)
}

const NO_ERROR = Symbol('no error')

async function failure(action: Promise<unknown> | (() => unknown), timeoutMs: number): Promise<unknown> {
  let error: unknown = NO_ERROR
  try {
    await within(typeof action === 'function' ? Promise.resolve(action()) : action, timeoutMs, 'an error')
  } catch (thrown) {
    error = thrown
  }
  assert.notEqual(error, NO_ERROR, 'the call succeeded although it must fail')
  return error
}

/** The promise's own result, or an assertion error when it takes longer. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} did not come within ${timeoutMs} ms` })),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** A promise that is awaited later: until then its failure is nobody's unhandled rejection. */
export function held<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** Waits until the condition holds; for facts that a broker tells only when asked. */
export async function eventually(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = patience.ms,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `${what}: not within ${timeoutMs} ms`)
    await pause(10)
  }
}

/** Like {@link eventually} for an equality, so that a failure shows the last value. */
export async function becomes<T>(
  read: () => Promise<T> | T,
  expected: T,
  what: string,
  timeoutMs = patience.ms,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let last = await read()
  while (last !== expected && performance.now() < deadline) {
    await pause(10)
    last = await read()
  }
  assert.deepEqual(last, expected, what)
}

/** `count` whole numbers from 0. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** Numbers in rising order, for comparing sets. */
export function sorted(values: Iterable<number>): number[] {
  return [...values].sort((a, b) => a - b)
}

/** Records the events of a connection from now on. */
export class Events {
  readonly seen: StatusEvent[] = []
  readonly #waiting = new Set<() => void>()
  readonly #iterator: AsyncIterator<StatusEvent>
  ended = false

  constructor(connection: Connection) {
    this.#iterator = connection.status()[Symbol.asyncIterator]()
    void this.#read()
  }

  of<T extends StatusEvent['type']>(type: T): Extract<StatusEvent, { type: T }>[] {
    return this.seen.filter((event): event is Extract<StatusEvent, { type: T }> => event.type === type)
  }

  /** The event number `nth` of this type, past or to come. */
  async waitFor<T extends StatusEvent['type']>(
    type: T,
    { nth = 1, timeoutMs = patience.ms }: { nth?: number; timeoutMs?: number } = {},
  ): Promise<Extract<StatusEvent, { type: T }>> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const event = this.of(type)[nth - 1]
      if (event) return event
      const left = deadline - performance.now()
      const seen = this.seen.map((one) => one.type).join(', ')
      assert.ok(left > 0 && !this.ended, `no '${type}' event (number ${nth}) came; seen: ${seen}`)
      await this.#next(left)
    }
  }

  async stop(): Promise<void> {
    await this.#iterator.return?.()
  }

  #next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.#waiting.add(done)
    })
  }

  async #read(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#iterator.next()
      if (done) this.ended = true
      else this.seen.push(value)
      for (const wake of [...this.#waiting]) wake()
      if (done) return
    }
  }
}
