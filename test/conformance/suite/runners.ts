/** The few words the suite needs of a test runner, and how the usual ones say them. */

/** A test runner, as the suite speaks to it. */
export interface TestRunner {
  /** Groups the tests that `body` names. */
  describe(title: string, body: () => void): void
  /** `body` calls `skip` last, with the reason. */
  it(title: string, body: (skip: (reason: string) => void) => Promise<void>, timeoutMs: number): void
  /** Runs `body` before the first test of the group. */
  before(body: () => Promise<void>): void
  /** Runs `body` after the last test of the group. */
  after(body: () => Promise<void>): void
}

/** The words of vitest that are used. */
export interface VitestWords {
  describe(title: string, body: () => void): unknown
  it(
    title: string,
    body: (context: { skip(note?: string): never }) => Promise<void>,
    timeout: number,
  ): unknown
  beforeAll(body: () => Promise<void>, timeout?: number): unknown
  afterAll(body: () => Promise<void>, timeout?: number): unknown
}

/** Time for starting and stopping brokers. Unit: ms. */
const SETUP_MS = 120_000

/**
 * For vitest: pass its `describe`, `it`, `beforeAll` and `afterAll`.
 *
 * @example
 * ```ts
 * conformance({
 *   test: forVitest({ describe, it, beforeAll, afterAll }),
 *   harness: { name: 'mine', target: () => ({ url: 'mine://127.0.0.1' }) },
 * })
 * ```
 */
export function forVitest(words: VitestWords): TestRunner {
  return {
    describe: (title, body) => void words.describe(title, body),
    it: (title, body, timeoutMs) =>
      void words.it(title, (context) => body((reason) => context.skip(reason)), timeoutMs),
    before: (body) => void words.beforeAll(body, SETUP_MS),
    after: (body) => void words.afterAll(body, SETUP_MS),
  }
}

/** The words of `node:test` that are used. */
export interface NodeTestWords {
  describe(title: string, body: () => void): unknown
  it(
    title: string,
    options: { timeout: number },
    body: (context: { skip(message?: string): void }) => Promise<void>,
  ): unknown
  before(body: () => Promise<void>): unknown
  after(body: () => Promise<void>): unknown
}

/**
 * For Node's own runner: pass its words (`node:test`).
 *
 * @example
 * ```ts
 * conformance({
 *   test: forNodeTest({ describe, it, before, after }),
 *   harness: { name: 'mine', target: () => ({ url: 'mine://127.0.0.1' }) },
 * })
 * ```
 */
export function forNodeTest(words: NodeTestWords): TestRunner {
  return {
    describe: (title, body) => void words.describe(title, body),
    it: (title, body, timeoutMs) =>
      void words.it(title, { timeout: timeoutMs }, (context) => body((reason) => context.skip(reason))),
    before: (body) => void words.before(body),
    after: (body) => void words.after(body),
  }
}
